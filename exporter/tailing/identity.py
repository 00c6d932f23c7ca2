"""Which file is this? A path says little: files are renamed, copied, truncated and replaced.

Device and inode tell which file it is now, its first bytes and those before the place that was
reached tell whether it still holds what was read of it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

HEAD_BYTES = 1024
MARKER_BYTES = 256

FileKey = tuple[int, int]
"""Device and inode."""


def key_of(status: os.stat_result) -> FileKey:
    """Return the identity of a file on this machine."""
    return status.st_dev, status.st_ino


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """Fingerprint of the first bytes of a file, as many as it has, up to :data:`HEAD_BYTES`.

    Attributes
    ----------
    length
        How many bytes it covers.
    digest
        Their BLAKE2 hash.
    """

    length: int
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> Head:
        """Return the fingerprint of the beginning of a file."""
        head = data[:HEAD_BYTES]
        return cls(len(head), _digest(head))

    def begins(self, data: bytes) -> bool:
        """Return whether a file that begins with `data` can be the same file, grown since."""
        return len(data) >= self.length and Head.of(data[: self.length]) == self


EMPTY = Head.of(b"")


@dataclass(frozen=True, slots=True)
class Marker:
    """Fingerprint of the bytes before an offset, as many as there are, up to 256.

    The first bytes of two logs, or of a log before and after it was truncated, are often the same;
    what comes right before a place deep inside hardly ever is.

    Attributes
    ----------
    length
        How many bytes it covers.
    digest
        Their BLAKE2 hash.
    """

    length: int
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> Marker:
        """Return the fingerprint of the end of `data`."""
        end = data[-MARKER_BYTES:]
        return cls(len(end), _digest(end))

    def ends(self, data: bytes) -> bool:
        """Return whether `data` ends with the bytes of the fingerprint."""
        return len(data) >= self.length and Marker.of(data[len(data) - self.length :]) == self
