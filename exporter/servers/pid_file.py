"""Reads the number of a process from the file that it wrote."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from exporter.servers.sampling import SampleError

_NUMBER = re.compile(rb"\s*([0-9]{1,10})\s*(?:\n|$)")
_MOST = 2**31 - 1
_HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class Claim:
    """What the file says: the number of a process, and in Unix seconds when it was written."""

    pid: int
    written: float


def read(path: Path) -> Claim:
    """Return what a file says in its first line; some have more lines.

    Raises
    ------
    SampleError
        If it is not there, can't be read, or holds no number.
    """
    try:
        # Should it be a FIFO, nobody may ever write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            written = os.fstat(descriptor).st_mtime
            head = os.read(descriptor, _HEAD_BYTES)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SampleError("pid_file_missing", f"{path}: there is no such file") from error
    except PermissionError as error:
        raise SampleError("permission_denied", f"{path}: {error.strerror}") from error
    except OSError as error:
        raise SampleError("pid_file_invalid", f"{path}: {error.strerror}") from error
    match = _NUMBER.match(head)
    if match is None or not 0 < int(match[1]) <= _MOST:
        raise SampleError("pid_file_invalid", f"{path}: {head!r} is no number of a process")
    return Claim(int(match[1]), written)
