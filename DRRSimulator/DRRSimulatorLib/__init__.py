"""What the DRRSimulator module needs besides its four classes. Nothing here is imported before it is used."""
