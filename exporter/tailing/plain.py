"""A plain file that others write to while it is read.

What can happen to it: it grows; it is renamed (the descriptor goes on reading it); it is
truncated, and perhaps written again before the next look, so that it is longer than before. Then
its first bytes, or those before the place that was reached, are no longer those that were read.
"""

from __future__ import annotations

import errno
import os

from exporter.tailing.identity import HEAD_BYTES, MARKER_BYTES, Head, Marker
from exporter.tailing.opening import OpenFile

RECENT_BYTES = 1 << 16
_HOLE_BYTES = 1 << 16


class PlainStream(OpenFile):
    """Reads an open file from an offset, and notices when its content was replaced.

    Parameters
    ----------
    descriptor
        Open for reading; closed by :meth:`close`.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.offset = 0
        """Bytes read so far."""
        self.head = b""
        """The first bytes of what was read, up to 1,024."""
        self.before = b""
        """The last bytes of what was read, up to 256."""
        self.recent = b""
        """The last bytes of what was read in a row, up to 65,536; fewer where they were freed."""

    @property
    def finished(self) -> bool:
        """Whether nothing can follow; a plain file can always grow."""
        return False

    def resume(self, offset: int, head: Head, marker: Marker | None) -> bool:
        """Go on at an offset of an earlier run, if this is still the same content.

        Returns
        -------
        bool
            ``False`` if the file is shorter, begins otherwise, or has something else before the
            offset; then it is read from 0.
        """
        beginning = self.beginning()
        if not head.begins(beginning):
            return False
        before = self.at(max(0, offset - MARKER_BYTES), min(offset, MARKER_BYTES))
        # What is before the offset is not there if the file is shorter.
        if len(before) < min(offset, MARKER_BYTES) or not (marker is None or marker.ends(before)):
            return False
        self.offset, self.head, self.before = offset, beginning[:offset], before
        return True

    def seek_end(self) -> bool:
        """Skip what is in the file now; return whether the end is inside a line."""
        size = self.status.st_size
        beginning = self.beginning()[:size]
        self.before = self.at(max(0, size - MARKER_BYTES), min(size, MARKER_BYTES))
        self.offset, self.head = size, beginning
        return not self.before.endswith(b"\n") and size > 0

    def replaced(self) -> bool:
        """Return whether the content that was read is gone."""
        known = len(self.before)
        if self.at(self.offset - known, known) != self.before:
            return True
        return self._head_replaced()

    def restart(self) -> None:
        """Read from the beginning."""
        self.offset, self.head, self.before, self.recent = 0, b"", b"", b""

    def read(self, limit: int) -> bytes | None:
        """Read up to `limit` bytes; empty at the end of what there is now.

        ``None`` if the content that was read is gone, whatever is there instead.
        """
        known = len(self.before)
        # What was read last and what comes next in one call: nothing can happen in between.
        data = os.pread(self._descriptor, limit + known, self.offset - known)
        if known and (data[:known] != self.before or self._head_replaced()):
            return None
        data = data[known:]
        self.offset += len(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        self.before = (self.before + data[-MARKER_BYTES:])[-MARKER_BYTES:]
        self.recent = (self.recent + data[-RECENT_BYTES:])[-RECENT_BYTES:]
        return data

    def skip_hole(self) -> int:
        """Pass over a hole of the file, behind NULs that were read; return its length.

        A file that is truncated under a writer without O_APPEND has as large a one as it had bytes.
        """
        try:
            data = os.lseek(self._descriptor, self.offset, os.SEEK_DATA)
        except OSError as error:
            # Nothing but a hole up to the end of the file, or a file system that knows no holes.
            data = self.status.st_size if error.errno == errno.ENXIO else self.offset
        skipped = data - self.offset
        if skipped < _HOLE_BYTES:
            return 0
        self.offset = data
        self.head = self.head.ljust(HEAD_BYTES, b"\0")
        self.before, self.recent = bytes(MARKER_BYTES), b""
        return skipped

    def at(self, offset: int, length: int) -> bytes:
        """Return some bytes of the file as it is now, fewer at its end."""
        return os.pread(self._descriptor, length, offset)

    def beginning(self) -> bytes:
        """Return the first bytes of the file as it is now, up to 1,024."""
        return self.first_bytes(HEAD_BYTES)

    def first_bytes(self, limit: int) -> bytes:
        """Return the first bytes of the file as it is now, up to `limit`."""
        return self.at(0, limit)

    def _head_replaced(self) -> bool:
        # As long as they are the same bytes, those before the offset tell.
        return self.offset > len(self.before) and self.at(0, len(self.head)) != self.head
