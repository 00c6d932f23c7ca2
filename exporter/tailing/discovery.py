"""Which files the configured paths name now."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.tailing.followed import FileKey, key_of


@dataclass(frozen=True, slots=True)
class Discovered:
    """Result of one look.

    Attributes
    ----------
    files
        Path by identity; of several paths to one file (links) the first in order.
    errors
        Name of the error number by path, of what is named and can't be followed.
    """

    files: dict[FileKey, str]
    errors: dict[str, str]


def discover(patterns: Sequence[str]) -> Discovered:
    """Look the patterns up in the file system.

    Directories are no files and are passed over in a glob; a path that names one outright is an
    error (EISDIR), as is one that names a device or a FIFO.
    """
    found = Discovered({}, {})
    for pattern in patterns:
        literal = not glob.has_magic(pattern)
        paths = [pattern] if literal else sorted(glob.iglob(pattern, recursive=True))
        for path in paths:
            try:
                status = Path(path).stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                found.errors[path] = errno.errorcode.get(error.errno or 0, "EIO")
                continue
            if stat.S_ISREG(status.st_mode):
                found.files.setdefault(key_of(status), path)
            elif literal or not stat.S_ISDIR(status.st_mode):
                found.errors[path] = "EISDIR" if stat.S_ISDIR(status.st_mode) else "EINVAL"
    return found


_IN_WORDS = {
    "EISDIR": "is a directory; name its files, for example with /*.jsonl",
    "EINVAL": "is no regular file; FIFOs, sockets and devices are not followed",
    "EBADMSG": "is not a gzip file, or cut short",
}


def in_words(reason: str) -> str:
    """Say what an error number means for a file that is to be followed.

    >>> in_words("EACCES")
    'Permission denied (EACCES)'
    """
    number = getattr(errno, reason, None)
    known = reason if number is None else os.strerror(number)
    return f"{_IN_WORDS.get(reason, known)} ({reason})"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # Not even to be looked at: a folder above it may not be entered.
        return False


def watched_folders(patterns: Sequence[str]) -> dict[str, bool]:
    """Return the existing folders in which files can appear, and whether their subfolders count.

    For a folder that does not exist yet this is its nearest existing ancestor.
    """
    folders: dict[str, bool] = {}
    for pattern in patterns:
        parts = Path(os.path.abspath(pattern)).parts[:-1]
        fixed = []
        for part in parts:
            if glob.has_magic(part):
                break
            fixed.append(part)
        folder = Path(*fixed)
        recursive = len(fixed) < len(parts)
        while not _is_folder(folder):
            folder = folder.parent
        name = str(folder)
        folders[name] = folders.get(name, False) or recursive
    return folders
