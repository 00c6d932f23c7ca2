"""A gzip file, as rotation leaves it behind: written once, and read once."""

from __future__ import annotations

import os
import zlib

from exporter.tailing.identity import HEAD_BYTES, MARKER_BYTES, Head, Marker
from exporter.tailing.opening import OpenFile

_GZIP = 16 + zlib.MAX_WBITS
_READ_BYTES = 1 << 16
_SKIP_BYTES = 1 << 20
TURN_BYTES = 1 << 24
"""What is passed over in one turn: some hundredths of a second."""


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
        self.restart()

    @property
    def offset(self) -> int:
        """Decompressed bytes read so far, those to be passed over by :meth:`resume` included."""
        return max(self.decoded, self._resumed_at)

    @property
    def skipping(self) -> bool:
        """Whether what an earlier run has read is still being passed over."""
        return self.decoded < self._resumed_at

    def beginning(self) -> bytes | None:
        """Return the first decompressed bytes, up to 1,024, and go back to 0.

        ``None`` if the file is cut short before.
        """
        self.restart()
        while len(self.head) < HEAD_BYTES and self._decode(HEAD_BYTES):
            pass
        known = len(self.head) == HEAD_BYTES or self.finished
        beginning = self.head if known else None
        self.restart()
        return beginning

    def first_bytes(self, limit: int) -> bytes:
        """Return the first decompressed bytes, up to `limit`; reading goes on where it was."""
        try:
            # What is decompressed is longer than what it was made of, but for some bytes.
            compressed = os.pread(self._descriptor, 2 * limit, 0)
            return zlib.decompressobj(_GZIP).decompress(compressed, limit)
        except zlib.error:
            return b""

    def resume(self, offset: int, head: Head, marker: Marker | None) -> bool:
        """Pass over the first `offset` decompressed bytes if the content begins with `head`.

        That takes as many turns of :meth:`read` as it needs. Only then it shows whether `marker`
        fits; where it does not, or the content is shorter, :meth:`read` says that it was replaced.

        Returns
        -------
        bool
            ``False`` if the content begins otherwise; then it is read from 0.
        """
        if not head.begins(self.beginning() or b""):
            return False
        self._resumed_at, self._marker = offset, marker
        return True

    def seek_end(self) -> bool:
        """Skip what is in the file now; return whether the end is inside a line."""
        while self.read(_SKIP_BYTES):
            pass
        return self.decoded > 0 and not self.before.endswith(b"\n")

    def replaced(self) -> bool:
        """Return whether the content was replaced: never, a rotated file is final."""
        return False

    def restart(self) -> None:
        """Read from the beginning."""
        self._position, self._input = 0, b""
        self._decompressor = zlib.decompressobj(_GZIP)
        self._resumed_at, self._marker = 0, None
        self.decoded = 0
        """Decompressed bytes so far."""
        self.head = b""
        """The first of them, up to 1,024."""
        self.before = b""
        """The last of them, up to 256."""
        self.finished = False
        """Whether nothing can follow."""
        self.broken = False
        """Whether the file ends before its end: it is no gzip, damaged, or cut short."""

    def read(self, limit: int) -> bytes | None:
        """Read up to `limit` (at least 1) decompressed bytes; empty at the end.

        Empty as well while :attr:`skipping`. ``None`` if this is not the content that was read
        before.
        """
        if self.skipping:
            arrived = self.pass_to(self._resumed_at)
            if arrived and not (
                self.decoded == self._resumed_at
                and (self._marker is None or self._marker.ends(self.before))
            ):
                return None
            return b""
        return self._decode(limit)

    def pass_to(self, offset: int, turn: int = TURN_BYTES) -> bool:
        """Pass over what comes before an offset; return whether it, or the end, was reached.

        Returns ``False`` as well where the file is cut short, and after `turn` bytes.
        """
        until = min(offset, self.decoded + turn)
        while self.decoded < until:
            if not self._decode(min(_SKIP_BYTES, until - self.decoded)):
                return self.finished
        return self.decoded >= offset

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
                self.decoded += len(data)
                self.head += data[: HEAD_BYTES - len(self.head)]
                self.before = (self.before + data[-MARKER_BYTES:])[-MARKER_BYTES:]
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
