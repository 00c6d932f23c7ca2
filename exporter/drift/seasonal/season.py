"""Which part of the day or of the week is it? A night is not to be compared with the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from exporter.drift.seasonal.cycles import Cycle
from exporter.records import Floats

HOURS = 24
_DAYS = 7
_SIZES: dict[Cycle, int] = {
    "hour_of_week": HOURS * _DAYS,
    "hour_of_day": HOURS,
    "day_of_week": _DAYS,
}
_FIRST_WEEKDAY = 3
"""The first day of 1970 was a Thursday, and weeks begin on Monday."""

QUARTER = 900.0
"""Time zones are ahead of UTC by whole quarters of an hour, and so are their changes."""

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Season:
    """A cycle, cut into cells.

    Attributes
    ----------
    cycle
        "hour_of_week" (cell 0 is Monday from 0 to 1 o'clock), "hour_of_day" or "day_of_week".
    timezone
        IANA name of the time zone whose clock it is.
    """

    cycle: Cycle
    timezone: str = "UTC"

    @property
    def size(self) -> int:
        """How many cells there are."""
        return _SIZES[self.cycle]

    def hours(self, time: Floats) -> Floats:
        """Return float64[n], the whole hours since 1970 by the local clock; NaN without a time.

        Parameters
        ----------
        time
            float64[n], Unix seconds.
        """
        found = np.full(len(time), np.nan)
        known = np.flatnonzero((time >= 0) & (time < _LATEST))
        quarters, places = np.unique(np.floor(time[known] / QUARTER), return_inverse=True)
        zone = ZoneInfo(self.timezone)
        ahead = [_ahead(quarter * QUARTER, zone) for quarter in quarters.tolist()]
        found[known] = np.floor((time[known] + np.array(ahead)[places]) / 3600.0)
        return found

    def cells(self, hours: Floats) -> NDArray[np.int64]:
        """Return int64[n], the cell of each of `hours`; -1 of NaN."""
        known = ~np.isnan(hours)
        whole = np.where(known, hours, 0.0).astype(np.int64)
        of_day, days = whole % HOURS, (whole // HOURS + _FIRST_WEEKDAY) % _DAYS
        cells = {
            "hour_of_week": days * HOURS + of_day,
            "hour_of_day": of_day,
            "day_of_week": days,
        }[self.cycle]
        found: NDArray[np.int64] = np.where(known, cells, -1)
        return found

    def occurrences(self, hours: Floats) -> Floats:
        """Return float64[n], a number for each time that a cell came round: of the hour, or day."""
        return np.floor(hours / HOURS) if self.cycle == "day_of_week" else hours

    @property
    def pools(self) -> tuple[NDArray[np.int64], ...]:
        """int64[cells] each: the pool of each cell, from the cells themselves to one of all.

        What is too rare in a cell is looked up in the next pool. Of an hour of the week that is
        the hour of the day.
        """
        own = np.arange(self.size)
        whole = np.zeros(self.size, dtype=np.int64)
        return (own, own % HOURS, whole) if self.cycle == "hour_of_week" else (own, whole)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The names of `pools`."""
        between = ("hour_of_day",) if self.cycle == "hour_of_week" else ()
        return (self.cycle, *between, "all")

    @property
    def period(self) -> float:
        """Length of a cycle in seconds."""
        return (1 if self.cycle == "hour_of_day" else _DAYS) * HOURS * 3600.0


def _ahead(time: float, zone: ZoneInfo) -> float:
    """Return by how many seconds a zone's clock is ahead of UTC at a time."""
    offset = datetime.fromtimestamp(time, zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
