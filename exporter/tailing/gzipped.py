"""A gzip file, as rotation leaves it behind: written once, and read once."""

from __future__ import annotations

import os
import zlib

from exporter.tailing.identity import EMPTY, HEAD_BYTES, Head
from exporter.tailing.opening import OpenFile

_GZIP = 16 + zlib.MAX_WBITS
_READ_BYTES = 1 << 16
_SKIP_BYTES = 1 << 20


class GzipStream(OpenFile):
    """Reads the decompressed bytes of a gzip file of one or more members.

    All offsets count decompressed bytes, so that a rotated log goes on where its plain form was
    left. Output is produced piece by piece: a bomb costs time, not memory. A file that is cut
    short is read on when it grows, since it may be in the making.

    Parameters
    ----------
    descriptor
        Open for reading; closed by :meth:`close`.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._position = 0
        self._decompressor = zlib.decompressobj(_GZIP)
        self._input = b""
        self._decoded = 0
        self._skip_to = 0
        self._beginning = b""
        self.finished = False
        """Whether nothing can follow."""
        self.broken = False
        """Whether the file ends before its end: it is no gzip, damaged, or cut short."""

    @property
    def offset(self) -> int:
        """Decompressed bytes read so far, those skipped by :meth:`resume` included."""
        return max(self._decoded, self._skip_to)

    @property
    def size(self) -> int:
        """Decompressed bytes known of: those read so far."""
        return self.offset

    @property
    def head(self) -> Head:
        """Fingerprint of the decompressed beginning that was read."""
        return Head.of(self._beginning) if self._beginning else EMPTY

    def beginning(self) -> bytes | None:
        """Return the first decompressed bytes, up to 1,024, and go back to 0.

        ``None`` if the file is cut short before.
        """
        self._rewind()
        while len(self._beginning) < HEAD_BYTES and self._decode(HEAD_BYTES):
            pass
        known = len(self._beginning) == HEAD_BYTES or self.finished
        beginning = self._beginning if known else None
        self._rewind()
        return beginning

    def first_bytes(self, limit: int) -> bytes:
        """Return the first decompressed bytes, up to `limit`; reading goes on where it was."""
        try:
            # What is decompressed is longer than what it was made of, but for some bytes.
            compressed = os.pread(self._descriptor, 2 * limit, 0)
            return zlib.decompressobj(_GZIP).decompress(compressed, limit)
        except zlib.error:
            return b""

    def resume(self, offset: int, head: Head) -> bool:
        """Skip the first `offset` decompressed bytes if the content begins with `head`.

        Returns
        -------
        bool
            ``False`` if the content is shorter or begins otherwise; then it is read from 0.
        """
        if not head.begins(self.beginning() or b""):
            return False
        self._skip_to = offset
        self._skip()
        if self.finished and self._decoded < offset:
            self._rewind()
            return False
        return True

    def seek_end(self) -> None:
        """Skip what is in the file now."""
        while self.read(_SKIP_BYTES):
            pass

    def replaced(self) -> bool:
        """Return whether the content was replaced: never, a rotated file is final."""
        return False

    def read(self, limit: int) -> bytes:
        """Read up to `limit` (at least 1) decompressed bytes; empty at the end."""
        self._skip()
        return b"" if self._decoded < self._skip_to else self._decode(limit)

    def _rewind(self) -> None:
        self._position, self._input, self._beginning = 0, b"", b""
        self._decompressor = zlib.decompressobj(_GZIP)
        self._decoded = self._skip_to = 0
        self.finished = self.broken = False

    def _skip(self) -> None:
        while self._decoded < self._skip_to:
            if not self._decode(min(_SKIP_BYTES, self._skip_to - self._decoded)):
                return

    def _decode(self, limit: int) -> bytes:
        while not self.finished:
            if self._decompressor.eof:
                self._next_member()
                continue
            at_end = not self._input and not self._fill()
            try:
                # Without input, zlib gives what an earlier limit made it hold back.
                data = self._decompressor.decompress(self._input, limit)
            except zlib.error:
                self.finished = self.broken = True
                return b""
            self._input = self._decompressor.unconsumed_tail
            if data:
                self._decoded += len(data)
                self._beginning += data[: HEAD_BYTES - len(self._beginning)]
                self.broken = False
                return data
            if at_end and not self._decompressor.eof:
                self.broken = True
                return b""
        return b""

    def _fill(self) -> bool:
        self._input = os.pread(self._descriptor, _READ_BYTES, self._position)
        self._position += len(self._input)
        return bool(self._input)

    def _next_member(self) -> None:
        # gzip(1) pads with zeros to a block size; what else follows is no log.
        self._input = self._decompressor.unused_data.lstrip(b"\0")
        while not self._input and self._fill():
            self._input = self._input.lstrip(b"\0")
        if self._input:
            self._decompressor = zlib.decompressobj(_GZIP)
        else:
            self.finished, self.broken = True, False
