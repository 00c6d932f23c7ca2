"""When to look for files: seldom, so that looking stays cheap however many there are."""

from __future__ import annotations

from exporter.tailing.watching import POLL_SECONDS, Changes

LOOK_SECONDS = 1.0
RECONCILE_SECONDS = 10.0
SHARE = 50
"""Looking takes at most one part in so many of the time."""


class LookSchedule:
    """Tells when the next look is due.

    That is soon after something happened to a name, sooner where files may have changed without a
    report, and every ten seconds in any case. A look that took long puts off the next one.
    """

    def __init__(self) -> None:
        self._looked = float("-inf")
        self._took = 0.0
        self._changes = Changes()

    def heed(self, changes: Changes) -> None:
        """Take in what a wait returned."""
        self._changes |= Changes(everything=changes.everything, names=changes.names)

    @property
    def spacing(self) -> float:
        """Seconds between the last look and the next one."""
        if self._changes.everything:
            least = POLL_SECONDS
        elif self._changes.names:
            least = LOOK_SECONDS
        else:
            least = RECONCILE_SECONDS
        return min(RECONCILE_SECONDS, max(least, SHARE * self._took))

    def due(self, now: float) -> bool:
        """Return whether to look now; the clock may have been set."""
        return abs(now - self._looked) >= self.spacing

    @property
    def next(self) -> float:
        """When the next look is due."""
        return self._looked + self.spacing

    def looked(self, begun: float, ended: float) -> None:
        """Note a look."""
        self._looked = begun
        self._took = abs(ended - begun)
        self._changes = Changes()
