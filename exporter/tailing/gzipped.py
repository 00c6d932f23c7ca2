"""A gzip file, as rotation leaves it behind: complete, and read once."""

from __future__ import annotations

import os
import zlib
from typing import Self

from exporter.tailing.identity import EMPTY, HEAD_BYTES, Head

_GZIP = 16 + zlib.MAX_WBITS


class GzipStream:
    """Reads the decompressed bytes of a gzip file of one or more members.

    All offsets count decompressed bytes, so that a rotated log goes on where its plain form was
    left. Output is produced piece by piece: a bomb costs time, not memory.

    Parameters
    ----------
    descriptor
        Open for reading; closed by :meth:`close`.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0
        self._decompressor = zlib.decompressobj(_GZIP)
        self._input = b""
        self.beginning = b""
        """The first decompressed bytes that were read, up to 1,024."""
        self.offset = 0
        """Decompressed bytes read so far."""
        self.finished = False
        """Whether the end of the file was reached."""
        self.broken = False
        """Whether the end was a fault of the file: no gzip, or cut short."""

    @classmethod
    def open(cls, path: str) -> Self:
        """Open a file.

        Raises
        ------
        OSError
            As open(2).
        """
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))

    @property
    def size(self) -> int:
        """Decompressed bytes known of: those read so far."""
        return self.offset

    @property
    def head(self) -> Head:
        """Fingerprint of the decompressed beginning that was read."""
        return Head.of(self.beginning) if self.beginning else EMPTY

    def resume(self, offset: int, head: Head) -> bool:
        """Skip the first `offset` decompressed bytes if the content begins with `head`.

        Returns
        -------
        bool
            ``False`` if the content is shorter or begins otherwise; then it is read from 0.
        """
        while self.offset < offset and not self.finished:
            self.read(min(1 << 20, offset - self.offset))
        if self.offset == offset and head.begins(self.beginning):
            return True
        self.rewind()
        return False

    def seek_end(self) -> None:
        """Skip the whole file."""
        while not self.finished:
            self.read(1 << 20)

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._position, self._input, self.beginning = 0, b"", b""
        self._decompressor = zlib.decompressobj(_GZIP)
        self.offset, self.finished, self.broken = 0, False, False

    def replaced(self) -> bool:
        """Return whether the content was replaced: never, a rotated file is final."""
        return False

    def read(self, limit: int) -> bytes:
        """Read up to `limit` decompressed bytes; empty at the end."""
        while not self.finished:
            if self._decompressor.eof:
                self._next_member()
                continue
            if not self._input:
                self._input = os.pread(self._descriptor, 1 << 16, self._position)
                self._position += len(self._input)
            if not self._input:
                # zlib may still hold output back that an earlier limit cut off.
                data = self._decompressor.flush() if limit else b""
                if not data:
                    self.finished = self.broken = True
                return self._took(data)
            try:
                data = self._decompressor.decompress(self._input, limit)
            except zlib.error:
                self.finished = self.broken = True
                return b""
            self._input = self._decompressor.unconsumed_tail
            if data:
                return self._took(data)
        return b""

    def _next_member(self) -> None:
        rest = self._decompressor.unused_data
        if not rest:
            rest = os.pread(self._descriptor, 1 << 16, self._position)
            self._position += len(rest)
        # gzip(1) pads with zeros to a block size; what else follows is no log.
        rest = rest.lstrip(b"\0")
        if not rest:
            self.finished = True
            return
        self._input = rest
        self._decompressor = zlib.decompressobj(_GZIP)

    def _took(self, data: bytes) -> bytes:
        if len(self.beginning) < HEAD_BYTES:
            self.beginning = (self.beginning + data)[:HEAD_BYTES]
        self.offset += len(data)
        return data

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)
