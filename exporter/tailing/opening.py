"""Opening files to follow, while some descriptors are left for everything else."""

from __future__ import annotations

import errno
import os
import resource
from contextlib import suppress
from typing import Self

RESERVED = 64
"""Descriptors that are kept free: for scrapes, storage, and for listing folders, since a folder
that can't be listed looks like one whose files were all removed."""


def open_file(path: str) -> int:
    """Return a descriptor for reading.

    Raises
    ------
    OSError
        As open(2); EMFILE also where only the reserved descriptors are left.
    """
    # O_NONBLOCK: a FIFO without a writer must not hang the exporter.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # The lowest free number is given out, hence the number tells how many are taken.
    if limit != resource.RLIM_INFINITY and descriptor >= limit - RESERVED:
        os.close(descriptor)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
    return descriptor


def raise_descriptor_limit() -> None:
    """Let the process open as many files as the system allows it to, instead of 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # macOS names a limit that it does not grant.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class OpenFile:
    """A file that is open for reading, whatever its path names by now.

    Parameters
    ----------
    descriptor
        Open for reading; closed by :meth:`close`.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: str) -> Self:
        """Open a file.

        Raises
        ------
        OSError
            As :func:`open_file`.
        """
        return cls(open_file(path))

    @property
    def status(self) -> os.stat_result:
        """What the file system says of the open file."""
        return os.fstat(self._descriptor)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)
