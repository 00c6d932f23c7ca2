"""The files that a source follows, which of them are to be read, and what goes wrong with them."""

from __future__ import annotations

import errno
import heapq
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from exporter.tailing.discovery import in_words
from exporter.tailing.followed import FollowedFile
from exporter.tailing.identity import HEAD_BYTES, FileKey
from exporter.tailing.positions import LazyRows, Position, PositionRows, row_key
from exporter.tailing.remembered import Cause, Remembered

logger = logging.getLogger(__name__)

_RECENT_FILES = 64
_T = TypeVar("_T")
_AT_ONCE = 16
"""One in so many open files is closed to make room."""


@dataclass(slots=True)
class TailCounters:
    """What happened to the files of a source since it was first configured."""

    rotations: int = 0
    truncations: int = 0
    abandoned_bytes: int = 0
    copies: int = 0
    open_errors: Counter[str] = field(default_factory=Counter)


class Roster:
    """The files that are followed, by identity.

    Not each of them is open: one that is done with is asleep, and where descriptors are short so
    are those that have been quiet for longest. Only those that are due cost anything.
    """

    def __init__(self) -> None:
        self.files: dict[FileKey, FollowedFile] = {}
        self.due: dict[FileKey, None] = {}
        """Those to be read, whose turn came longest ago first."""
        self._keys: dict[str, FileKey] = {}
        self.strangers: list[tuple[FollowedFile, bool]] = []
        """Those that hold something else than before, and are to be looked at as if new; and
        whether each is the same file as before, not another one with the number of that."""
        self.rows = PositionRows()
        self.gone_rows = LazyRows()
        self.remembered = Remembered(self.rows, self.gone_rows)
        self.counters = TailCounters()
        self.failing: dict[str, str] = {}
        """Names of error numbers by path, of what can't be read now."""
        self.changed = True
        """Whether there is something to store."""
        self.clock = 0.0
        """Seconds that went by; unlike the clock of the caller it never goes back."""
        self._recent: dict[FileKey, None] = {}

    def admit(self, file: FollowedFile) -> None:
        """Follow a file, and read it."""
        self.files[file.key] = file
        self._keys[file.path] = file.key
        self.remembered.most_files = max(self.remembered.most_files, len(self.files))
        self.mark(file)
        self.touch(file)

    def drop(self, file: FollowedFile) -> None:
        """Follow a file no more."""
        self._remove(file)
        file.close()

    def _remove(self, file: FollowedFile) -> None:
        del self.files[file.key]
        self._unname(file)
        self.due.pop(file.key, None)
        self.forget(file.key)

    def forget(self, key: FileKey) -> None:
        """Store nothing of a file any more."""
        self.rows.drop(row_key(key))
        self.changed = True

    def move(self, file: FollowedFile, path: str) -> None:
        """Note that another path leads to a file now."""
        self._unname(file)
        file.moved(path)
        self._keys[path] = file.key
        self.touch(file)

    def at(self, path: str) -> FollowedFile | None:
        """Return the file to which a path leads, as far as is known."""
        key = self._keys.get(path)
        return None if key is None else self.files.get(key)

    def _unname(self, file: FollowedFile) -> None:
        if self._keys.get(file.path) == file.key:
            del self._keys[file.path]

    def mark(self, file: FollowedFile) -> None:
        """Have a file read."""
        self.due[file.key] = None

    def touch(self, file: FollowedFile, position: Callable[[], Position] | None = None) -> None:
        """Note that what is stored of a file changed."""
        state = file.generation, min(file.offset, HEAD_BYTES)
        self.rows.put(row_key(file.key), position or file.position, state)
        self.changed = True

    def grew(self, file: FollowedFile) -> None:
        """Note that something was read from a file."""
        file.quiet_since = self.clock
        self.touch(file)
        # Only of those that were read last is it kept what was read last.
        self._recent.pop(file.key, None)
        self._recent[file.key] = None
        if len(self._recent) > _RECENT_FILES:
            former = self.files.get(next(iter(self._recent)))
            del self._recent[next(iter(self._recent))]
            if former is not None:
                former.forget_recent()

    def check(self) -> None:
        """See whether the files that changed still hold what was read of them."""
        for key in list(self.due):
            file = self.files[key]
            # What can't be read now is found out when it is its turn.
            with suppress(OSError):
                if file.moved_asleep:
                    self.wake(file)
                lost = None if file.asleep else file.check()
                if lost is not None:
                    self.lost(file, lost)

    def failed(self, path: str, reason: str) -> None:
        """Count and tell a failure, once until it is over or becomes another one."""
        if self.failing.get(path) != reason:
            self.changed = True
            self.counters.open_errors[reason] += 1
            logger.warning("%s: can't be read: %s", path, in_words(reason))
        self.failing[path] = reason

    def lost(self, file: FollowedFile, lost: Position) -> None:
        """Note that the content of a file is gone, while the file stays."""
        missing = Cause.FINISHED if lost.finished else Cause.MISSING
        self.lose(lost, missing if file.moved_asleep else Cause.TRUNCATED)
        if not file.moved_asleep:
            self.counters.truncations += 1
            logger.info("%s was truncated or replaced; reading from its beginning", file.path)
        # What it holds now may be a copy: of a log, put over an older copy of it.
        self.reconsider(file)

    def reconsider(self, file: FollowedFile) -> None:
        """Have it decided anew what a file is."""
        self._remove(file)
        self.strangers.append((file, not file.moved_asleep))
        file.begin_anew()

    def lose(self, position: Position, cause: Cause) -> None:
        """Remember content whose file is lost, or holds something else."""
        forgotten = self.remembered.lose(position, cause, self.clock)
        self.counters.abandoned_bytes += forgotten
        self.changed = True

    def wake(self, file: FollowedFile) -> None:
        """Open a file that is asleep.

        Raises
        ------
        OSError
            If it can't be opened.
        """
        if file.asleep:
            lost = self.with_room(file.wake)
            if lost is not None:
                self.lost(file, lost)

    def awake(self, file: FollowedFile) -> bool:
        """Open a file if it is asleep, and return whether it is open."""
        if file.asleep:
            try:
                self.wake(file)
            except OSError:
                return False
            if file.key not in self.files:
                # It is another file now.
                return False
            # It goes to sleep again when it was read and nothing came.
            self.mark(file)
        return True

    def with_room(self, opening: Callable[[], _T]) -> _T:
        """Open something, after others were closed if there are too many.

        Raises
        ------
        OSError
            If it can't be opened.
        """
        while True:
            try:
                return opening()
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._make_room():
                    raise

    def _make_room(self) -> bool:
        """Close files that have been quiet for longest; those that have left are never closed."""
        idle = [file for file in self.files.values() if not file.asleep and file.left_at is None]
        number = len(idle) // _AT_ONCE + 1
        for file in heapq.nsmallest(number, idle, key=lambda file: file.quiet_since):
            file.sleep()
        return bool(idle)


def error_name(error: OSError) -> str:
    """Return the name of an error number, EIO where there is none."""
    return errno.errorcode.get(error.errno or 0, "EIO")
