"""A configuration: it is valid, or an error says where it is not."""

from __future__ import annotations

from exporter.config import loading
from exporter.errors import UsageError


def fuzz(data: bytes) -> None:
    """Read it."""
    try:
        loading.parse(data.decode("utf-8", "replace"), "modeltail.yml")
    except UsageError as error:
        # Each line of it says which file and what.
        assert all(line.startswith("modeltail.yml") for line in str(error).splitlines()), error
