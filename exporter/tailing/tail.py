"""All files of one source: found, followed through rotation and truncation, read in turns."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from exporter.tailing.arrivals import Arrivals
from exporter.tailing.departures import PINNED_BYTES, Departures
from exporter.tailing.discovery import Found, discover
from exporter.tailing.folders import Folders
from exporter.tailing.followed import FollowedFile
from exporter.tailing.identity import FileKey
from exporter.tailing.lines import NONE
from exporter.tailing.pieces import Piece
from exporter.tailing.positions import load_positions
from exporter.tailing.roster import Roster, TailCounters, error_name
from exporter.tailing.streams import Streams
from exporter.tailing.turns import Turn

READ_BYTES = 1 << 20
_CERTAIN_NS = 50_000_000
"""Times of files advance in steps; within one of them a file may change unnoticed."""


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
        Seconds without growth after which nobody is expected to write to a rotated file any more.
        Its last line then counts even without a line end.
    streams
        Standard input and FIFOs among the paths; absent: as `patterns` name them.
    headers
        Whether each piece is to come with the first line of its file.
    pinned_bytes
        Size of removed files that are not read to the end, all together, beyond which the oldest is
        given up.
    file_clock
        Nanoseconds on the clock that gives files their times.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        start: str,
        rotate_wait: float,
        streams: Streams | None = None,
        *,
        headers: bool = False,
        pinned_bytes: int = PINNED_BYTES,
        file_clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.patterns = tuple(patterns)
        self.settings = (self.patterns, start, rotate_wait, headers, pinned_bytes)
        """What two tails have in common that follow the same files in the same way."""
        self.streams = Streams(patterns) if streams is None else streams
        """Standard input and FIFOs."""
        self.folders: Folders = {}
        """Where a change can change what the next look finds, or a file."""
        self._headers = headers
        self._rotate_wait = rotate_wait
        self._file_clock = file_clock
        self._roster = Roster()
        self._departures = Departures(self._roster, rotate_wait, pinned_bytes)
        self._arrivals = Arrivals(self._roster, self._departures, start, rotate_wait)
        self._found: Mapping[FileKey, Found] = {}
        self._looked_ns = 0
        self._now: float | None = None

    @property
    def counters(self) -> TailCounters:
        """What happened to the files."""
        return self._roster.counters

    @property
    def changed(self) -> bool:
        """Whether what is stored of the files changed; whoever stores it clears it."""
        return self._roster.changed

    @changed.setter
    def changed(self, changed: bool) -> None:
        self._roster.changed = changed

    @property
    def files(self) -> Mapping[FileKey, FollowedFile]:
        """The files that are followed, as far as it is clear that they are no copies."""
        empty = {
            key: new.file
            for key, new in self._arrivals.newcomers.items()
            if not new.file.size_on_disk
        }
        return {**self._roster.files, **empty} if empty else self._roster.files

    @property
    def unread(self) -> int:
        """Bytes that were not read yet, over all files, as far as is known."""
        files = self._roster.files
        return self.streams.unread + sum(files[key].unread for key in self._roster.due)

    @property
    def up(self) -> bool:
        """Whether there is a file to read and none that fails."""
        files = self._roster.files or self._arrivals.newcomers
        return (bool(files) or self.streams.up) and not self._roster.failing

    def look(self, now: float) -> None:
        """Find new files, follow renamed ones, and give up those that are gone."""
        self._tick(now)
        roster = self._roster
        looked_ns = self._file_clock()
        discovered = discover(self.patterns)
        self.folders = discovered.folders
        errors = discovered.errors | self.streams.look(discovered.fifos)
        for path, reason in errors.items():
            roster.failed(path, reason)
        self._compare(discovered.files)
        self._found, self._looked_ns = discovered.files, looked_ns
        self._arrivals.look(discovered.files)
        self._departures.free()
        abandoned = roster.remembered.abandon(roster.clock, self._rotate_wait)
        if abandoned:
            roster.counters.abandoned_bytes += abandoned
            roster.changed = True
        if roster.failing:
            named = errors.keys() | {found.path for found in discovered.files.values()}
            for path in roster.failing.keys() - named:
                del roster.failing[path]

    def _tick(self, now: float) -> None:
        """Let time go by. A clock that is set back must not keep anything waiting for ever."""
        if self._now is not None:
            self._roster.clock += max(0.0, now - self._now)
        self._now = now

    def _compare(self, found: Mapping[FileKey, Found]) -> None:
        """Mark what changed since the last look."""
        uncertain_ns = self._looked_ns - _CERTAIN_NS
        missing = []
        for key, file in self._roster.files.items():
            there = found.get(key)
            if there is None:
                if file.left_at is None:
                    missing.append(file)
            elif (
                there.modified_ns >= uncertain_ns
                or there.path != file.path
                or there != self._found.get(key)
                or file.left_at is not None
            ):
                self._seen(file, there)
        for file in missing:
            if self._departures.leave(file):
                self._arrivals.vacated(file.path, file.key)

    def _seen(self, file: FollowedFile, found: Found) -> None:
        former = file.path
        before = self._found.get(file.key)
        known = () if before is None else before.others
        if found.path != former and self._departures.moved(file, found.path, known):
            self._arrivals.vacated(former, file.key)
        file.left_at = None
        file.observed(found.size, found.modified_ns)
        self._roster.mark(file)

    def notice(self, paths: Collection[str]) -> None:
        """Have the files read that these paths lead to: something was written to them."""
        for path in paths:
            file = self._roster.at(path)
            if file is not None:
                self._roster.mark(file)
        self._arrivals.notice(paths)

    def read(
        self,
        now: float,
        limit: int = READ_BYTES,
        enough: Callable[[], bool] = lambda: False,
    ) -> Iterator[Piece]:
        """Read up to `limit` bytes of each file in turn that may hold something new.

        Once `enough` says so after a piece, the other files wait for the next turn, which begins
        with them.
        """
        self._tick(now)
        for from_stream in self.streams.read(limit):
            self.changed = True
            yield from_stream
        for file in self._arrivals.decide():
            yield Piece(file.path, None, NONE, 0)
        due = self._roster.due
        for key in list(due):
            if key not in due:
                continue
            file = self._roster.files[key]
            # To the end of the queue.
            del due[key]
            due[key] = None
            piece = self._turn(file, limit)
            if piece is not None:
                yield piece
                if enough():
                    return

    def _turn(self, file: FollowedFile, limit: int) -> Piece | None:
        """Read a turn of one file; ``None`` if there was nothing."""
        roster = self._roster
        try:
            roster.wake(file)
            followed = file.key in roster.files
            if followed and file.rotated and not file.decided and file.unread and not file.reached:
                # It was empty when it was rotated: what it holds may be a copy.
                roster.reconsider(file)
                followed = False
            if not followed:
                return Piece(file.path, None, NONE, 0)
            turn = file.read(limit)
        except OSError as error:
            roster.failed(file.path, error_name(error))
            self._departures.failing(file)
            return None
        file.failing_since = None
        self._heed(file, turn)
        if turn.lost is not None:
            return Piece(file.path, None, NONE, 0)
        if turn.number or turn.passed:
            roster.grew(file)
            # A short read is the end of what there is now.
            if not (turn.number == limit or file.compressed or self._departures.waits(file)):
                del roster.due[file.key]
            return self._piece(file, turn)
        if file.finished or self._departures.over(file):
            turn = file.flush()
            piece = self._piece(file, turn)
            roster.touch(file)
            self._departures.release(file)
            return piece if turn.lines or turn.too_long else None
        if not self._departures.waits(file):
            del roster.due[file.key]
        return None

    def _piece(self, file: FollowedFile, turn: Turn) -> Piece:
        header = None
        if self._headers and turn.lines:
            header = file.header(turn.lines if turn.first_line == 1 and not turn.too_long else NONE)
        return Piece(file.path, turn.first_line, turn.lines, turn.too_long, header)

    def _heed(self, file: FollowedFile, turn: Turn) -> None:
        """Take in what a turn brought beside lines."""
        roster = self._roster
        if turn.lost is not None:
            roster.lost(file, turn.lost)
        if turn.cut:
            roster.counters.truncations += 1
            roster.counters.abandoned_bytes += turn.cut
            roster.touch(file)
        if file.left_at is not None:
            return
        if file.refused:
            roster.failed(file.path, "EILSEQ")
        elif file.broken:
            roster.failed(file.path, "EBADMSG")
        else:
            roster.failing.pop(file.path, None)

    def flush(self) -> Iterator[Piece]:
        """Return the last lines of all files, as if nobody wrote to them any more."""
        yield from self.streams.flush()
        self._arrivals.settle()
        for file in list(self._roster.files.values()):
            while file.key in self._roster.due and (piece := self._turn(file, READ_BYTES)):
                yield piece
            turn = file.flush()
            if turn.lines or turn.too_long:
                yield self._piece(file, turn)

    def take_over_streams(self, former: Tail) -> None:
        """Read on those streams of another tail that this one's paths name as well."""
        self.streams.take_over(former.streams, discover(self.patterns).fifos.keys())

    def close(self) -> None:
        """Close all files and FIFOs."""
        self.streams.close()
        self._arrivals.close()
        for file in list(self._roster.files.values()):
            self._roster.drop(file)

    def dump(self) -> dict[str, Any]:
        """Return positions and counters for storage."""
        counters = self.counters
        return {
            "positions": self._roster.rows.positions,
            "beginnings": self._roster.rows.beginnings,
            "gone": self._roster.gone_rows,
            "looked": not self._arrivals.first_look,
            "rotations": counters.rotations,
            "truncations": counters.truncations,
            "abandoned_bytes": counters.abandoned_bytes,
            "copies": counters.copies,
            "open_errors": dict(counters.open_errors),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, before the first look.

        Files that are not in the checkpoint appeared while the exporter was down: they are read
        from their beginning, like files that appear while it runs.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the state does not fit; nothing is changed then.
        """
        positions = load_positions(state["positions"], state.get("beginnings", {}))
        gone = list(state.get("gone", {}).values())
        counters = TailCounters(
            rotations=state["rotations"],
            truncations=state["truncations"],
            abandoned_bytes=state["abandoned_bytes"],
            copies=state.get("copies", 0),
            open_errors=Counter(state["open_errors"]),
        )
        looked = state["looked"]
        self._roster.counters = counters
        self._roster.remembered.load(positions, gone)
        self._arrivals.first_look = not looked
        self._arrivals.resolve()
