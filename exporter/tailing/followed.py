"""One file being followed, from its open descriptor to complete lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.tailing.gzipped import GzipStream
from exporter.tailing.identity import Head
from exporter.tailing.lines import NONE, LineAssembler, Lines
from exporter.tailing.plain import PlainStream

FileKey = tuple[int, int]
"""Device and inode."""
MAX_HEADER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was read, as kept in the checkpoint.

    Attributes
    ----------
    path
        Where it was last seen; for people, the key is what counts.
    offset
        Where the first line that was not counted begins, in decompressed bytes.
    head
        Fingerprint of the beginning.
    line
        1-based number of that line; ``None`` where reading began at the end of the file.
    dropping
        Whether that offset lies inside a line that is being dropped for its length.
    """

    path: str
    key: FileKey
    offset: int
    head: Head
    line: int | None
    dropping: bool

    def dump(self) -> dict[str, Any]:
        """Return the position for storage."""
        return {
            "path": self.path,
            "key": list(self.key),
            "offset": self.offset,
            "head": [self.head.length, self.head.digest],
            "line": self.line,
            "dropping": self.dropping,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Position:
        """Restore what :meth:`dump` returned."""
        length, digest = state["head"]
        device, inode = state["key"]
        head = Head(length, digest)
        return cls(
            state["path"], (device, inode), state["offset"], head, state["line"], state["dropping"]
        )


class FollowedFile:
    """Reads lines from an open file, whatever its path points to by now.

    Parameters
    ----------
    path
        Where it was found; `.gz` is decompressed.

    Raises
    ------
    OSError
        If it can't be opened.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream: PlainStream | GzipStream = (
            GzipStream.open(path) if path.endswith(".gz") else PlainStream.open(path)
        )
        self._lines = LineAssembler()
        self.next_line: int | None = 1
        """1-based number of the line that comes next; ``None`` if reading began at the end."""
        self.left_at: float | None = None
        """When its path was first seen to point elsewhere; ``None`` while it does not."""
        self._header: bytes | None = None

    @property
    def key(self) -> FileKey:
        """Identity of the open file, whatever its path names by now."""
        return key_of(self._stream.status)

    @property
    def name(self) -> str:
        """The path as text that can be exposed and stored."""
        return printable(self.path)

    @property
    def compressed(self) -> bool:
        """Whether it is a .gz file."""
        return isinstance(self._stream, GzipStream)

    def beginning(self) -> bytes | None:
        """Return the first bytes, decompressed, up to 1,024; a .gz file goes back to its start.

        ``None`` if that is a .gz file cut short before.
        """
        return self._stream.beginning()

    def header(self, lines: Lines) -> bytes | None:
        """Return the first line of the file, without its end, if it is no longer than 64 KiB.

        Parameters
        ----------
        lines
            The lines from the beginning of the file on, where they are at hand.
        """
        if lines:
            self._header = lines[0]
        elif self._header is None:
            try:
                line, end, _ = self._stream.first_bytes(MAX_HEADER_BYTES).partition(b"\n")
            except OSError:
                return None
            self._header = line.strip(b"\0").removesuffix(b"\r") if end else None
        return self._header

    def resume(self, position: Position) -> bool:
        """Go on where an earlier run stopped; ``False`` if the content is another one."""
        if not self._stream.resume(position.offset, position.head):
            return False
        self._lines.resume(dropping=position.dropping)
        self.next_line = position.line
        return True

    def seek_end(self) -> None:
        """Skip what is in the file now."""
        self._stream.seek_end()
        self.next_line = None

    @property
    def offset(self) -> int:
        """Bytes whose lines were all counted."""
        return self._stream.offset - self._lines.pending

    @property
    def size(self) -> int:
        """Bytes in the file now."""
        return self._stream.size

    @property
    def unread(self) -> int:
        """Bytes in the file that were not read yet."""
        return max(0, self._stream.size - self._stream.offset)

    @property
    def finished(self) -> bool:
        """Whether nothing can follow."""
        return self._stream.finished

    @property
    def broken(self) -> bool:
        """Whether the file ends before its end (a .gz file that is none, damaged or cut short)."""
        return isinstance(self._stream, GzipStream) and self._stream.broken

    @property
    def too_long(self) -> int:
        """Lines dropped for their length."""
        return self._lines.too_long

    def replaced(self) -> bool:
        """Return whether the content was truncated or replaced; it is then read from its start."""
        if not self._stream.replaced():
            return False
        # The beginning of a line whose end was truncated away is no line.
        too_long = self._lines.too_long
        self._lines = LineAssembler()
        self._lines.too_long = too_long
        self.next_line = 1
        self._header = None
        return True

    def read(self, limit: int) -> tuple[int, Lines]:
        """Read up to `limit` bytes; return how many it were, and the lines they complete."""
        data = self._stream.read(limit)
        return len(data), self._counted(lambda: self._lines.feed(data)) if data else NONE

    def flush(self) -> Lines:
        """Return the last line of a file to which nobody writes any more."""
        return self._counted(self._lines.flush)

    def _counted(self, produce: Callable[[], Lines]) -> Lines:
        dropped = self._lines.too_long
        lines = produce()
        if self.next_line is not None:
            self.next_line += len(lines) + self._lines.too_long - dropped
        return lines

    def position(self, key: FileKey) -> Position:
        """Return where to go on after a restart."""
        return Position(
            self.name, key, self.offset, self._stream.head, self.next_line, self._lines.dropping
        )

    def close(self) -> None:
        """Close the descriptor."""
        self._stream.close()


def printable(path: str) -> str:
    """Return a path with its bytes that are no UTF-8 as escapes: a file may have any name."""
    return os.fsencode(path).decode(errors="backslashreplace")


def key_of(status: os.stat_result) -> FileKey:
    """Return the identity of a file on this machine."""
    return status.st_dev, status.st_ino
