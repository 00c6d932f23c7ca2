"""One file being followed, from its open descriptor to complete lines."""

from __future__ import annotations

import errno
import os
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import replace

from exporter.tailing.gzipped import GzipStream
from exporter.tailing.identity import EMPTY, MARKER_BYTES, FileKey, Head, Marker, key_of
from exporter.tailing.lines import NONE, Dropping, LineAssembler, Lines
from exporter.tailing.plain import PlainStream
from exporter.tailing.positions import Position
from exporter.tailing.turns import Turn
from exporter.tailing.utf16 import is_utf16

MAX_HEADER_BYTES = 1 << 16
_FORMER_PATHS = 8


class FollowedFile:
    """Reads lines from an open file, whatever its path points to by now.

    Parameters
    ----------
    path
        Where it was found; `.gz` is decompressed.
    asleep_at
        Where it was left, to open it only when it changes.

    Raises
    ------
    OSError
        If it can't be opened.
    """

    def __init__(self, path: str, asleep_at: Position | None = None) -> None:
        self.path = path
        self.former: tuple[str, ...] = ()
        """Paths that led to it before, the latest last."""
        self.size_on_disk = self.modified_ns = 0
        self._stream: PlainStream | GzipStream | None = None
        self._lines = LineAssembler()
        # The last bytes before the first line that was not counted.
        self._settled = b""
        # The place to go on from: while it is asleep, or what is before it is passed over.
        self._rest: Position | None = None
        self.next_line: int | None = 1
        """1-based number of the line that comes next; ``None`` if reading began at the end."""
        self.left_at: float | None = None
        """When its path was first seen to point elsewhere; ``None`` while it does not."""
        self._header: bytes | None = None
        self.rotated = False
        """Whether it was renamed within what is matched, or is a copy of what was truncated."""
        self.decided = False
        """Whether what it holds was found to be no copy of what was read elsewhere."""
        self.moved_asleep = False
        """Whether its path changed while it was asleep: it may have got the number of another."""
        self.quiet_since = 0.0
        """When it was last seen to grow, or left."""
        self.generation = 0
        """How often its content was replaced."""
        self.failing_since: float | None = None
        """Since when it can't be read."""
        self.refused = False
        """Whether it is UTF-16, of which nothing is read."""
        if asleep_at is None:
            self._stream = self._opened()
            self.key: FileKey = key_of(self._stream.status)
            """Its identity, whatever its path names by now."""
            self.refresh()
        else:
            self.key, self._rest = asleep_at.key, asleep_at
            self.observed(asleep_at.size, asleep_at.modified_ns)
            self.next_line, self.rotated = asleep_at.line, asleep_at.rotated

    def _opened(self) -> PlainStream | GzipStream:
        kind = GzipStream if self.compressed else PlainStream
        return kind.open(self.path)

    @property
    def stream(self) -> PlainStream | GzipStream:
        """The open file.

        Raises
        ------
        ValueError
            If it is asleep.
        """
        if self._stream is None:
            raise ValueError(f"{self.path} is closed")
        return self._stream

    @property
    def name(self) -> str:
        """The path as text that can be exposed and stored."""
        return printable(self.path)

    @property
    def compressed(self) -> bool:
        """Whether it is a .gz file."""
        return self.path.endswith(".gz")

    @property
    def asleep(self) -> bool:
        """Whether its descriptor was closed, to be opened again when it changes."""
        return self._stream is None

    def moved(self, path: str) -> None:
        """Note that another path leads to it now."""
        self.former = (*self.former, self.path)[-_FORMER_PATHS:]
        self.path = path
        self.moved_asleep |= self.asleep

    def sleep(self) -> None:
        """Close the descriptor; the place is kept."""
        if self._stream is not None:
            self._rest = replace(self.position(), recent=b"")
            self._lines.resume(self._rest.dropping, first=self._rest.offset == 0)
            self._stream.close()
            self._stream = None

    def wake(self) -> Position | None:
        """Open it again, if it is asleep.

        Returns
        -------
        Position or None
            How far the content was read, if it is not there any more.

        Raises
        ------
        OSError
            If it can't be opened; FileNotFoundError as well if the path names another file now.
        """
        if self._rest is None or self._stream is not None:
            return None
        stream = self._opened()
        if key_of(stream.status) != self.key:
            stream.close()
            raise FileNotFoundError(errno.ENOENT, "another file now", self.path)
        rest, self._stream, self._rest = self._rest, stream, None
        if self.resume(rest):
            self.moved_asleep = False
            return None
        self._restart()
        return rest

    @property
    def head(self) -> bytes:
        """The first bytes of what was read, up to 1,024."""
        if self._rest is not None:
            return self._rest.beginning
        return self.stream.head

    def beginning(self) -> bytes | None:
        """Return the first bytes, decompressed, up to 1,024; a .gz file goes back to its start.

        ``None`` if that is a .gz file cut short before.
        """
        return self.stream.beginning()

    def header(self, lines: Lines) -> bytes | None:
        """Return the first line of the file, without its end, if it is no longer than 64 KiB.

        Parameters
        ----------
        lines
            The lines from the beginning of the file on, where they are at hand.
        """
        if lines:
            self._header = lines[0]
        elif self._header is None and self._stream is not None:
            try:
                line, end, _ = self._stream.first_bytes(MAX_HEADER_BYTES).partition(b"\n")
            except OSError:
                return None
            line = line.removeprefix(BOM_UTF8).strip(b"\0").removesuffix(b"\r")
            self._header = line if end else None
        return self._header

    def resume(self, position: Position) -> bool:
        """Go on where an earlier run stopped; ``False`` if the content is another one."""
        stream = self.stream
        if not stream.resume(position.offset, position.head, position.marker):
            return False
        if isinstance(stream, GzipStream):
            self._rest = position
        self._lines.resume(position.dropping, first=position.offset == 0)
        self._settled = stream.before
        self.next_line = position.line
        return True

    def seek_end(self) -> None:
        """Skip what is in the file now, and the rest of a line that is being written."""
        inside = self.stream.seek_end()
        self._lines.resume(Dropping.BEGUN_BEFORE if inside else Dropping.NO, first=False)
        self._settled = self.stream.before
        self.next_line = None

    @property
    def reached(self) -> int:
        """Bytes read, those of a line that is not complete yet included."""
        if self._rest is not None:
            return self._rest.offset
        return self.stream.offset

    @property
    def offset(self) -> int:
        """Bytes whose lines were all counted."""
        return self.reached - self._lines.pending

    @property
    def size(self) -> int:
        """Bytes in the file when it was last looked at or read; those decompressed of a .gz."""
        return self.reached if self.compressed else max(self.size_on_disk, self.reached)

    @property
    def unread(self) -> int:
        """Bytes in the file that were not read yet."""
        return 0 if self.refused else self.size - self.reached

    @property
    def finished(self) -> bool:
        """Whether nothing can follow."""
        return self._stream is not None and self._stream.finished

    @property
    def broken(self) -> bool:
        """Whether the file ends before its end (a .gz file that is none, damaged or cut short)."""
        return isinstance(self._stream, GzipStream) and self._stream.broken

    @property
    def too_long(self) -> int:
        """Lines dropped for their length."""
        return self._lines.too_long

    def forget_recent(self) -> None:
        """Free what is kept of what was read last, but the last 256 bytes."""
        if isinstance(self._stream, PlainStream):
            self._stream.recent = b""

    def observed(self, size: int, modified_ns: int) -> None:
        """Take in what the file system says of it."""
        # What is not there any more is found out by reading; until then it is known as unread.
        self.size_on_disk = size if self.compressed else max(size, self.size_on_disk)
        self.modified_ns = modified_ns

    def refresh(self) -> int:
        """Ask the file system for its size; return how many names it has."""
        status = self.stream.status
        self.observed(status.st_size, status.st_mtime_ns)
        return status.st_nlink

    def begin_anew(self) -> None:
        """Hold something else than before: if the path changed too, it is another file."""
        if self.moved_asleep:
            self.former, self.rotated, self.moved_asleep = (), False, False

    def check(self) -> Position | None:
        """Return how far the content was read, if it is gone; the file is then read anew."""
        return self._replaced() if self.stream.replaced() else None

    def _replaced(self) -> Position:
        lost = self.position()
        self._restart()
        return lost

    def _restart(self) -> None:
        # The beginning of a line whose end was truncated away is no line.
        self.stream.restart()
        self._lines.restart()
        self._settled, self._rest, self._header = b"", None, None
        self.next_line = 1
        self.generation += 1
        self.decided = False
        self.size_on_disk = 0
        self.refresh()

    def read(self, limit: int) -> Turn:
        """Read up to `limit` bytes."""
        before, data = self.stream.before, self.stream.read(limit)
        if data is None:
            return Turn(0, NONE, 1, 0, lost=self._replaced())
        if isinstance(self.stream, PlainStream):
            return self._plain(self.stream, before, data, full=len(data) == limit)
        return self._gzipped(self.stream, before, data)

    def _plain(self, stream: PlainStream, before: bytes, data: bytes, *, full: bool) -> Turn:
        if self._refuses(data):
            return Turn(0, NONE, 1, 0)
        cut = 0
        if full:
            self.refresh()
        else:
            cut = max(0, self.size_on_disk - stream.offset)
            self.size_on_disk = stream.offset
        turn = self._fed(before, data)
        if data and self._lines.blank and not data.strip(b"\0") and stream.skip_hole():
            self._lines.resume(self._lines.dropping, first=False)
            self._settled = stream.before
            self.refresh()
        return replace(turn, cut=cut) if cut else turn

    def _gzipped(self, stream: GzipStream, before: bytes, data: bytes) -> Turn:
        if self._rest is not None:
            if not stream.skipping:
                self._rest, self._settled = None, stream.before
            return replace(self._fed(before, data), passed=not stream.broken)
        if self._refuses(data):
            return Turn(0, NONE, 1, 0)
        return self._fed(before, data)

    def _refuses(self, data: bytes) -> bool:
        if data and self.stream.offset == len(data):
            self.refused = is_utf16(data)
            if self.refused:
                self.stream.restart()
        return self.refused

    def _fed(self, before: bytes, data: bytes) -> Turn:
        if not data:
            return Turn(0, NONE, self.next_line, 0)
        was_pending = self._lines.pending
        turn = self._counted(lambda: self._lines.feed(data), len(data))
        pending = self._lines.pending
        if pending <= len(data):
            end = len(data) - pending
            self._settled = (before + data[max(0, end - MARKER_BYTES) : end])[-MARKER_BYTES:]
        else:
            # NULs in front of a long line may have been dropped.
            dropped = was_pending + len(data) - pending
            self._settled = (self._settled + bytes(min(dropped, MARKER_BYTES)))[-MARKER_BYTES:]
        return turn

    def flush(self) -> Turn:
        """Return the last line of a file to which nobody writes any more."""
        turn = self._counted(self._lines.flush)
        if self._stream is not None and self._rest is None:
            self._settled = self._stream.before
        return turn

    def _counted(self, produce: Callable[[], Lines], number: int = 0) -> Turn:
        dropped, first_line = self._lines.too_long, self.next_line
        lines = produce()
        too_long = self._lines.too_long - dropped
        if self.next_line is not None:
            self.next_line += len(lines) + too_long
        return Turn(number, lines, first_line, too_long)

    def position(self, *, finished: bool = False) -> Position:
        """Return where to go on after a restart."""
        if self._rest is not None:
            return replace(
                self._rest,
                path=self.name,
                size=self.size_on_disk,
                modified_ns=self.modified_ns,
                rotated=self.rotated,
                left=self.left_at is not None,
                finished=finished or self._rest.finished,
            )
        offset = self.offset
        beginning = self.stream.head[:offset]
        recent = self.stream.recent if isinstance(self.stream, PlainStream) else b""
        return Position(
            path=self.name,
            key=self.key,
            offset=offset,
            head=Head.of(beginning),
            line=self.next_line,
            dropping=self._lines.dropping,
            marker=Marker.of(self._settled),
            size=self.size_on_disk,
            modified_ns=self.modified_ns,
            rotated=self.rotated,
            left=self.left_at is not None,
            finished=finished or self.finished,
            beginning=beginning,
            recent=recent[: max(0, len(recent) - self._lines.pending)],
        )

    def untouched(self) -> Position:
        """Return where to begin after a restart, as long as no line of it was counted."""
        return replace(
            self.position(),
            offset=0,
            head=EMPTY,
            line=1,
            dropping=Dropping.NO,
            marker=None,
            finished=False,
            beginning=b"",
            recent=b"",
        )

    def close(self) -> None:
        """Close the descriptor, if it is open."""
        if self._stream is not None:
            self._stream.close()


def printable(path: str) -> str:
    """Return a path with its bytes that are no UTF-8 as escapes: a file may have any name."""
    return os.fsencode(path).decode(errors="backslashreplace")
