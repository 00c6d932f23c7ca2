"""Where a file is whose path does not lead to it any more."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from exporter.tailing.identity import FileKey, key_of


def absent(path: str, key: FileKey) -> bool:
    """Return whether a path certainly does not lead to a file any more.

    A folder that may not be looked into for a while tells nothing.
    """
    try:
        return not _is(Path(path).stat(), key)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def leads_to(path: str, key: FileKey) -> bool:
    """Return whether a path certainly leads to a file."""
    try:
        return _is(Path(path).stat(), key)
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


def _is(status: os.stat_result, key: FileKey) -> bool:
    # A new folder may get the number of a removed file.
    return key_of(status) == key and stat.S_ISREG(status.st_mode)
