"""All files of one source: found, followed through rotation and truncation, read in turns."""

from __future__ import annotations

import errno
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.tailing.discovery import discover
from exporter.tailing.followed import FileKey, FollowedFile, Position

logger = logging.getLogger(__name__)

READ_BYTES = 1 << 20
_REMEMBERED = 1000


@dataclass(slots=True)
class TailCounters:
    """What happened to the files of a source since it was first configured."""

    rotations: int = 0
    truncations: int = 0
    abandoned_bytes: int = 0
    open_errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines read from one file in one turn.

    Attributes
    ----------
    first_line
        1-based number of the first line in its file; ``None`` where reading began at the end.
    too_long
        Lines dropped for their length, beside `lines`.
    """

    path: str
    first_line: int | None
    lines: list[bytes]
    too_long: int


class Tail:
    """Follows the files that the paths of one source name.

    Parameters
    ----------
    patterns
        Paths and globs.
    start
        Where a file that is there at the first look, and in no checkpoint, is read from:
        ``beginning`` or ``end``. Files that appear later are read from their beginning.
    rotate_wait
        Seconds for which a file whose path points elsewhere is still read, for a writer that has
        not switched yet. Its last line then counts even without a line end.
    """

    def __init__(self, patterns: Sequence[str], start: str, rotate_wait: float) -> None:
        self.patterns = tuple(patterns)
        self._start = start
        self._rotate_wait = rotate_wait
        self._files: dict[FileKey, FollowedFile] = {}
        self._resumable: dict[FileKey, Position] = {}
        self._failing: dict[str, str] = {}
        self._first_look = True
        self.counters = TailCounters()

    @property
    def files(self) -> Mapping[FileKey, FollowedFile]:
        """The files that are open."""
        return self._files

    @property
    def unread(self) -> int:
        """Bytes that were not read yet, over all files."""
        return sum(file.unread for file in self._files.values())

    @property
    def up(self) -> bool:
        """Whether there is a file to read and none that fails."""
        return bool(self._files) and not self._failing

    def look(self, now: float) -> None:
        """Find new files, follow renamed ones, and give up those that are gone."""
        discovered = discover(self.patterns)
        for reason, count in discovered.errors.items():
            self._open_failed(f"paths ({reason})", reason, count)
        known_paths = {file.path for file in self._files.values() if file.left_at is None}
        for key, file in self._files.items():
            path = discovered.files.get(key)
            if path is not None:
                file.path, file.left_at = path, None
            elif file.left_at is None:
                file.left_at = now
        for key, path in discovered.files.items():
            if key not in self._files and self._open(key, path) and path in known_paths:
                self.counters.rotations += 1
        current = set(discovered.files.values())
        self._failing = {
            path: reason
            for path, reason in self._failing.items()
            if path in current or discovered.errors
        }
        if discovered.files:
            self._first_look = False

    def _open(self, key: FileKey, path: str) -> bool:
        try:
            file = FollowedFile(path)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "EIO")
            self._open_failed(path, reason, 1)
            return False
        self._failing.pop(path, None)
        position = self._resumable.pop(key, None) or self._same_content(file)
        if position is not None:
            if not file.resume(position):
                self.counters.truncations += 1
        elif self._first_look and self._start == "end":
            file.seek_end()
        self._files[key] = file
        return True

    def _same_content(self, file: FollowedFile) -> Position | None:
        """Return how far the plain form of a rotated .gz file was read, if it was."""
        if not file.compressed:
            return None
        beginning = file.beginning()
        read_before = [followed.position(key) for key, followed in self._files.items()]
        for position in (*read_before, *self._resumable.values()):
            if position.head.length and position.head.begins(beginning):
                logger.info(
                    "%s is %s compressed; going on at byte %d",
                    file.path, position.path, position.offset,
                )  # fmt: skip
                return position
        return None

    def _open_failed(self, path: str, reason: str, count: int) -> None:
        self.counters.open_errors[reason] += count
        if self._failing.get(path) != reason:
            logger.warning("%s: can't be read: %s", path, reason)
        self._failing[path] = reason

    def read(self, now: float, limit: int = READ_BYTES) -> Iterator[Piece]:
        """Read up to `limit` bytes of each file in turn, and close those that are done with."""
        for key, file in list(self._files.items()):
            dropped, first_line = file.too_long, file.next_line
            if file.replaced():
                first_line = file.next_line
                self.counters.truncations += 1
                logger.info("%s was truncated or replaced; reading from its beginning", file.path)
            try:
                number, lines = file.read(limit)
            except OSError as error:
                self._open_failed(file.path, errno.errorcode.get(error.errno or 0, "EIO"), 1)
                continue
            if number == 0 and self._done(file, now):
                lines = file.flush()
                self._retire(key, file)
            if lines or file.too_long > dropped:
                yield Piece(file.path, first_line, lines, file.too_long - dropped)

    def _done(self, file: FollowedFile, now: float) -> bool:
        return file.left_at is not None and now - file.left_at >= self._rotate_wait

    def _retire(self, key: FileKey, file: FollowedFile) -> None:
        position = file.position(key)
        file.close()
        del self._files[key]
        # Its position is kept: the file may come back, or come back compressed.
        self._resumable[key] = position
        while len(self._resumable) > _REMEMBERED:
            del self._resumable[next(iter(self._resumable))]

    def flush(self) -> Iterator[Piece]:
        """Return the last lines of all files, as if nobody wrote to them any more."""
        for file in self._files.values():
            dropped, first_line = file.too_long, file.next_line
            lines = file.flush()
            if lines or file.too_long > dropped:
                yield Piece(file.path, first_line, lines, file.too_long - dropped)

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def dump(self) -> dict[str, Any]:
        """Return positions and counters for storage."""
        positions = [file.position(key) for key, file in self._files.items()]
        positions += self._resumable.values()
        return {
            "positions": [position.dump() for position in positions],
            "rotations": self.counters.rotations,
            "truncations": self.counters.truncations,
            "abandoned_bytes": self.counters.abandoned_bytes,
            "open_errors": dict(self.counters.open_errors),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, before the first look.

        Files that are not in the checkpoint appeared while the exporter was down: they are read
        from their beginning, like files that appear while it runs.
        """
        positions = map(Position.load, state["positions"])
        self._resumable = {position.key: position for position in positions}
        self._first_look = not self._resumable
        self.counters = TailCounters(
            state["rotations"],
            state["truncations"],
            state["abandoned_bytes"],
            Counter(state["open_errors"]),
        )
