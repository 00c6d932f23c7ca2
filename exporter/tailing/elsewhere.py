"""Where a file is whose path does not lead to it any more."""

from __future__ import annotations

import os
from pathlib import Path

from exporter.tailing.identity import FileKey, key_of


def absent(path: str, key: FileKey) -> bool:
    """Return whether a path certainly does not lead to a file any more.

    A folder that may not be looked into for a while tells nothing.
    """
    try:
        return key_of(Path(path).stat()) != key
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def leads_to(path: str, key: FileKey) -> bool:
    """Return whether a path certainly leads to a file."""
    try:
        return key_of(Path(path).stat()) == key
    except OSError:
        return False


def find(path: str, key: FileKey) -> str | None:
    """Return where a file is that was renamed within its folder, ``None`` if it is not there.

    Parameters
    ----------
    path
        Where it was.
    """
    if leads_to(path, key):
        return path
    try:
        with os.scandir(Path(path).parent) as entries:
            for entry in entries:
                if entry.inode() == key[1] and leads_to(entry.path, key):
                    return entry.path
    except OSError:
        # The folder is gone too, or can't be listed.
        return None
    return None
