"""A plain file that others write to while it is read.

What can happen to it: it grows; it is renamed (the descriptor goes on reading it); it is
truncated, and perhaps written again before the next look, so that it is longer than before:
then its first bytes are no longer those that were read.
"""

from __future__ import annotations

import os

from exporter.tailing.identity import EMPTY, HEAD_BYTES, Head
from exporter.tailing.opening import OpenFile


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
        self.head = EMPTY

    @property
    def size(self) -> int:
        """Bytes in the file now; those read so far if the file system does not tell."""
        try:
            return self._size()
        except OSError:
            return self.offset

    @property
    def finished(self) -> bool:
        """Whether nothing can follow; a plain file can always grow."""
        return False

    def resume(self, offset: int, head: Head) -> bool:
        """Go on at an offset of an earlier run, if this is still the same content.

        Returns
        -------
        bool
            ``False`` if the file is shorter, or begins otherwise; then it is read from 0.
        """
        if self._size() < offset or not head.begins(self.beginning()):
            return False
        self.offset, self.head = offset, head
        return True

    def seek_end(self) -> None:
        """Skip what is in the file now."""
        self.head = Head.of(self.beginning())
        self.offset = self._size()

    def replaced(self) -> bool:
        """Return whether the content that was read is gone; the stream is then back at 0."""
        if self._size() >= self.offset and self.head.begins(self.beginning()):
            return False
        self.offset, self.head = 0, EMPTY
        return True

    def read(self, limit: int) -> bytes:
        """Read up to `limit` bytes; empty at the end of what there is now."""
        data = os.pread(self._descriptor, limit, self.offset)
        self.offset += len(data)
        if self.head.length < HEAD_BYTES and data:
            self.head = Head.of(self.beginning()[: self.offset])
        return data

    def beginning(self) -> bytes:
        """Return the first bytes of the file as it is now, up to 1,024."""
        return self.first_bytes(HEAD_BYTES)

    def first_bytes(self, limit: int) -> bytes:
        """Return the first bytes of the file as it is now, up to `limit`."""
        return os.pread(self._descriptor, limit, 0)

    def _size(self) -> int:
        return self.status.st_size
