"""Files that were renamed, removed, or given up: how long they are still read."""

from __future__ import annotations

import logging
from collections.abc import Container

from exporter.tailing.elsewhere import absent, find
from exporter.tailing.followed import FollowedFile
from exporter.tailing.positions import Position
from exporter.tailing.remembered import Cause
from exporter.tailing.roster import Roster

logger = logging.getLogger(__name__)

PINNED_BYTES = 10 << 30


class Departures:
    """Reads a file that rotated until it has been quiet for a while, and then lets it go.

    Parameters
    ----------
    wait
        Seconds of quiet after which nobody is expected to write to a rotated file any more.
    pinned_bytes
        Size of removed files, all together, up to which they are kept from being freed because
        they are not read to the end.
    """

    def __init__(self, roster: Roster, wait: float, pinned_bytes: int) -> None:
        self._roster = roster
        self._wait = wait
        self._pinned_bytes = pinned_bytes

    def leave(self, file: FollowedFile) -> bool:
        """Take in that a file is not found any more; return whether it has left its path."""
        roster = self._roster
        if not absent(file.path, file.key):
            return False
        file.left_at = file.quiet_since = roster.clock
        roster.mark(file)
        roster.touch(file)
        if file.asleep:
            there = find(file.path, file.key)
            if there is None:
                position = file.position()
                roster.drop(file)
                self.missing(position)
            else:
                roster.move(file, there)
        return True

    def missing(self, position: Position) -> None:
        """Remember a file that was not open when it went."""
        # It may come back, or be in a copy.
        self._roster.lose(position, Cause.MISSING)
        self._roster.remembered.keep(position.done_with())
        self._roster.changed = True

    def moved(self, file: FollowedFile, path: str, known: Container[str] = ()) -> bool:
        """Take in that another path leads to a file; return whether the former one does not.

        As long as it does, it stays the one under which the file is known.

        Parameters
        ----------
        known
            Paths that led to it at the last look: one of two that goes is no rotation.
        """
        gone = absent(file.path, file.key)
        if gone:
            file.rotated = path not in file.former and path not in known
            file.quiet_since = self._roster.clock
            self._roster.move(file, path)
        return gone

    def waits(self, file: FollowedFile) -> bool:
        """Return whether a file is on its way out, and has to be read although nothing changed."""
        return file.left_at is not None or file.rotated

    def over(self, file: FollowedFile) -> bool:
        """Return whether nobody is expected to write to a file on its way out any more."""
        return self.waits(file) and self._roster.clock - file.quiet_since >= self._wait

    def release(self, file: FollowedFile) -> None:
        """Let go of a file that was read to its end."""
        if file.left_at is not None:
            self._retire(file)
        else:
            self._roster.due.pop(file.key, None)
            file.sleep()
            self._roster.touch(file)

    def failing(self, file: FollowedFile) -> None:
        """Give up a file that has left and can't be read for long."""
        clock = self._roster.clock
        if file.failing_since is None:
            file.failing_since = clock
        if file.left_at is not None and clock - file.failing_since >= self._wait:
            self._give_up(file, "it can't be read")

    def free(self) -> None:
        """Give up removed files, the oldest first, while they pin too much of the disk."""
        pinning = [file for file in self._roster.files.values() if self._pins(file)]
        pinned = sum(file.size_on_disk for file in pinning)
        for file in sorted(pinning, key=lambda file: file.left_at or 0.0):
            if pinned <= self._pinned_bytes:
                return
            pinned -= file.size_on_disk
            self._give_up(file, "removed files take too much space (limits.deleted)")

    def _pins(self, file: FollowedFile) -> bool:
        if file.left_at is None or file.asleep:
            return False
        try:
            return file.refresh() == 0 and file.unread > 0
        except OSError:
            return False

    def _give_up(self, file: FollowedFile, why: str) -> None:
        logger.warning(
            "%s has left and is given up, since %s; %d bytes were not read",
            file.path, why, file.position().unread,
        )  # fmt: skip
        self._retire(file)

    def _retire(self, file: FollowedFile) -> None:
        roster = self._roster
        position = file.position(finished=True)
        roster.counters.abandoned_bytes += position.unread
        position = position.done_with()
        try:
            names = 1 if file.asleep else file.refresh()
        except OSError:
            names = 1
        roster.drop(file)
        if names:
            # The file may come back, or come back compressed.
            roster.remembered.keep(position)
        else:
            # Its number will be that of another file.
            roster.lose(position, Cause.FINISHED)
