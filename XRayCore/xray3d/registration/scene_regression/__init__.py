"""A network that sees in an X-ray where in the CT each ray goes, its training, and its use."""
