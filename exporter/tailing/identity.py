"""Which file is this? A path says little: files are renamed, copied, truncated and replaced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HEAD_BYTES = 1024


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
        return cls(len(head), hashlib.blake2b(head, digest_size=16).digest())

    def begins(self, data: bytes) -> bool:
        """Return whether a file that begins with `data` can be the same file, grown since."""
        return len(data) >= self.length and Head.of(data[: self.length]) == self


EMPTY = Head.of(b"")
