"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from exporter.errors import UsageError


def replace(path: Path, content: bytes) -> None:
    """Put a file of this content at `path`, with the mode of the one that it replaces.

    Whoever reads it meanwhile gets the old content or the new one; so does whoever reads it after
    a power failure.

    Raises
    ------
    UsageError
        If it can't be written; what was there before stays.
    """
    new = unfinished(path)
    try:
        try:
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                new.chmod(path.stat().st_mode & 0o777)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}") from error


def unfinished(path: Path) -> Path:
    """Return where this process writes what is to be at `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.new")
