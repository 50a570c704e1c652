"""X-ray physics: from line integrals by material to what a flat-panel detector stores."""
