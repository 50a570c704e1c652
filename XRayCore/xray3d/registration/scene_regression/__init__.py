"""A network that sees beside a CT where in it each ray of an X-ray goes, its training, and its use."""
