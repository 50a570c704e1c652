"""What all tests share."""

from hypothesis import settings

# The same examples in every run, and no deadline: machines that run tests are slow and noisy.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
