"""What XRay3D's modules share and that needs the application: packages, jobs, messages, settings, sample data."""
