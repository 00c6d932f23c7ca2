"""What all tests share."""

import os

from hypothesis import settings

# Deadlines measure the machine, and other work on it, rather than the code.
# CI judges a change, so it tries the same examples each time; people look for new ones.
settings.register_profile(
    "modeltail", deadline=None, print_blob=True, derandomize="CI" in os.environ
)
settings.load_profile("modeltail")
