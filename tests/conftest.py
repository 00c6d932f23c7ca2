"""What all tests share."""

from hypothesis import settings

# Deadlines measure the machine, and other work on it, rather than the code.
settings.register_profile("modeltail", deadline=None, print_blob=True)
settings.load_profile("modeltail")
