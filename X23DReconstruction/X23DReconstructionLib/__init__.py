"""What the X23DReconstruction module needs besides its four classes. Nothing here is imported before it is used."""
