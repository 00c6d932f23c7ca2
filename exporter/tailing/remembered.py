"""Where files were left that are not followed any more: they come back, copied or compressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import count
from typing import Any

from exporter.tailing.identity import HEAD_BYTES, FileKey
from exporter.tailing.positions import LazyRows, Position, PositionRows, row_key

REMEMBERED = 1000
GONE = 100
COPY_SECONDS = 60.0
"""For how long after a truncation its copy may turn up."""


class Cause(IntEnum):
    """Why content is in no file known by its identity any more."""

    TRUNCATED = 0
    """It was taken out of its file."""
    MISSING = 1
    """Its file went while nobody had it open."""
    FINISHED = 2
    """Its file was read to its end, or given up."""


@dataclass(slots=True)
class Gone:
    """Content that is in no file known by its identity any more.

    Attributes
    ----------
    position
        How far it was read.
    cause
        Why it is gone.
    at
        When it was found to be gone.
    """

    position: Position
    cause: Cause
    at: float

    def copy_expected(self, now: float) -> bool:
        """Return whether a copy may turn up yet, and is recognised however short it is."""
        return self.cause is not Cause.FINISHED and now - self.at < COPY_SECONDS

    def copied_before(self, now: float) -> bool:
        """Return whether a copy may turn up yet that was made before all was read."""
        return self.cause is Cause.TRUNCATED and self.copy_expected(now)

    def begins_like(self, beginning: bytes) -> bool:
        """Return whether a file that begins so may be a copy, or the beginning of one."""
        head = self.position.head
        if len(beginning) < head.length:
            return self.position.beginning.startswith(beginning)
        return head.begins(beginning)


class Remembered:
    """Positions by the identity of the file, and those of content whose file is lost.

    Parameters
    ----------
    files, gone
        Where they are stored.
    """

    def __init__(self, files: PositionRows, gone: LazyRows) -> None:
        self._file_rows = files
        self._gone_rows = gone
        self.files: dict[FileKey, Position] = {}
        """Positions of closed files, by identity."""
        self.most_files = REMEMBERED
        """How many of them are kept."""
        self._gone: dict[str, Gone] = {}
        self._numbers = count(1)

    def load(self, files: Iterable[Position], gone: Iterable[Mapping[str, Any]]) -> None:
        """Take what an earlier run stored, in place of what is known."""
        for key in list(self.files):
            self.forget(key)
        for row in list(self._gone):
            self._drop(row)
        self.files = {position.key: position for position in files}
        self.most_files = max(REMEMBERED, len(self.files))
        for position in list(self.files.values()):
            self.keep(position)
        for stored in gone:
            position = Position.load(stored, stored["beginning"])
            self._put(self._row(position), Gone(position, Cause(stored["cause"]), 0.0))

    def keep(self, position: Position) -> None:
        """Remember where a file was left that can be known by its identity again."""
        self.files[position.key] = position
        state = -1, position.head.length
        self._file_rows.put(row_key(position.key), lambda: position, state)
        # All of them may go at once, as their folder is unmounted, and come back.
        while len(self.files) > self.most_files:
            self.forget(next(iter(self.files)))

    def forget(self, key: FileKey) -> Position | None:
        """Remove the position of a file, and return it."""
        position = self.files.pop(key, None)
        if position is not None:
            self._file_rows.drop(row_key(key))
        return position

    def lose(self, position: Position, cause: Cause, now: float) -> int:
        """Remember content whose file is lost.

        Returns
        -------
        int
            Bytes known to be unread of an older one, which had to make room.
        """
        # What was never read can't be recognised, but its bytes are to be accounted for.
        if position.offset or position.unread:
            self._put(self._row(position), Gone(position, cause, now))
        forgotten = 0
        while len(self._gone) > GONE:
            oldest = next(iter(self._gone))
            forgotten += self._drop(oldest).position.unread
        return forgotten

    def take(self, taken: Gone) -> None:
        """Forget content that was found again."""
        for row, gone in list(self._gone.items()):
            if gone is taken:
                self._drop(row)

    def abandon(self, now: float, wait: float) -> int:
        """Return how many unread bytes are given up, since nothing that holds them turned up."""
        abandoned = 0
        for row, gone in self._gone.items():
            if gone.position.unread and now - gone.at >= wait:
                abandoned += gone.position.unread
                gone.position = replace(gone.position, size=gone.position.offset)
                self._put(row, gone)
        return abandoned

    def copied(self, beginning: bytes, now: float) -> Iterator[Gone]:
        """Yield what a new plain file with this beginning may be a copy of, the latest first.

        Of what was not truncated only such as is long enough to tell it from a header that many
        files share.
        """
        moved = [Gone(position, Cause.FINISHED, now) for position in self.files.values()]
        for gone in (*reversed(self._gone.values()), *moved):
            least = 1 if gone.copy_expected(now) else HEAD_BYTES
            if gone.position.offset >= least and gone.begins_like(beginning):
                yield gone

    def compressed(self, beginning: bytes) -> list[Gone]:
        """Return what may have been the plain form of a .gz file, by offset."""
        known = [
            *self._gone.values(),
            *(Gone(one, Cause.FINISHED, 0.0) for one in self.files.values()),
        ]
        fit = [one for one in known if one.position.offset and one.begins_like(beginning)]
        return sorted(fit, key=lambda one: one.position.offset)

    def _put(self, row: str, gone: Gone) -> None:
        self._gone[row] = gone
        self._gone_rows.put(row, lambda: _stored(gone))

    def _drop(self, row: str) -> Gone:
        self._gone_rows.drop(row)
        return self._gone.pop(row)

    def _row(self, position: Position) -> str:
        return f"{row_key(position.key)} {next(self._numbers)}"


def _stored(gone: Gone) -> dict[str, Any]:
    position = gone.position
    return position.dump() | {"beginning": position.beginning, "cause": int(gone.cause)}
