"""Where the records of a batch fall in each window.

Logs are written in the order of time, or nearly: hundreds of records in a row share their
sub-window in every window. Such a *run* is placed once, and counted before it is added to a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.windows import SUBWINDOWS, Window, WindowRing

Integers = NDArray[np.int64]

_LARGEST_TABLE = 1 << 15
_TABLE_PER_RECORD = 16


@dataclass(frozen=True)
class Runs:
    """Where the runs of a batch fall in one window.

    Attributes
    ----------
    subwindow
        int64[runs], absolute number of the sub-window that a run falls into.
    late
        bool[runs], older than the window when it was read: counts in no window.
    present
        Number of the sub-window that was "now" at the end of the batch; none is later.
    """

    window: Window
    subwindow: Integers
    late: NDArray[np.bool_]
    present: int

    @cached_property
    def kept(self) -> NDArray[np.intp]:
        """int[kept], the runs that count: not late, nor pushed out by the batch itself."""
        timely = np.flatnonzero(~self.late)
        if not timely.size:
            return timely
        newest = self.subwindow[timely].max()
        kept: NDArray[np.intp] = timely[self.subwindow[timely] > newest - SUBWINDOWS]
        return kept

    @cached_property
    def groups(self) -> tuple[NDArray[np.intp], Integers]:
        """Positions in `kept` at which another sub-window begins, int[groups], and these."""
        subwindow = self.subwindow[self.kept]
        if not subwindow.size:
            return np.empty(0, dtype=np.intp), subwindow
        first = np.flatnonzero(np.concatenate(([True], subwindow[1:] != subwindow[:-1])))
        return first, subwindow[first]

    @cached_property
    def ordered(self) -> bool:
        """Whether the sub-windows of `groups` ascend, so that each occurs once."""
        return bool((np.diff(self.groups[1]) > 0).all())


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the records of one batch fall in one window.

    Attributes
    ----------
    runs
        The runs of the batch. Some may have no record here.
    run
        int64[n], number of the run that a record belongs to; the same for all windows.
    """

    runs: Runs
    run: Integers

    @property
    def window(self) -> Window:
        """The window."""
        return self.runs.window

    @property
    def present(self) -> int:
        """Number of the sub-window that was "now" at the end of the batch."""
        return self.runs.present

    @property
    def subwindow(self) -> Integers:
        """int64[n], absolute number of each record's sub-window."""
        return self.runs.subwindow[self.run]

    @property
    def late(self) -> NDArray[np.bool_]:
        """bool[n], the record is older than the window."""
        return self.runs.late[self.run]

    @property
    def late_records(self) -> int:
        """How many records are older than the window."""
        return int(self.late.sum()) if self.runs.late.any() else 0

    def take(self, rows: NDArray[np.intp]) -> Placement:
        """Select records."""
        return Placement(self.runs, self.run[rows])


def place(
    windows: Sequence[Window], event_time: NDArray[np.float64], now: NDArray[np.float64]
) -> tuple[Placement, ...]:
    """Place records, in the order in which they were read.

    Parameters
    ----------
    event_time
        float64[n], Unix seconds.
    now
        float64[n], what "now" was at each record; or float64[1], at all of them.
    """
    changes = np.zeros(max(0, len(event_time) - 1), dtype=bool)
    placed = []
    for window in windows:
        # By sub-windows, as the window slides: what is not late is in it.
        present = window.index(now)
        # What is a little ahead counts in the present: further on it would take the place of the
        # oldest sub-window, which is still in the window.
        subwindow = np.minimum(window.index(event_time), present)
        late = subwindow <= present - SUBWINDOWS
        changes |= subwindow[1:] != subwindow[:-1]
        changes |= late[1:] != late[:-1]
        placed.append((window, subwindow, late, int(present.max(initial=0))))
    run = np.zeros(len(event_time), dtype=np.int64)
    np.cumsum(changes, out=run[1:])
    first = np.flatnonzero(np.concatenate(([True], changes)))[: len(event_time)]
    return tuple(
        Placement(Runs(window, subwindow[first], late[first], present), run)
        for window, subwindow, late, present in placed
    )


def tabulate(
    placement: Placement, cells: NDArray[np.integer[Any]], size: int, weights: NDArray[Any] | None
) -> NDArray[Any]:
    """Return [runs, size]: in each run the number of records of each cell, or their weights' sum.

    Parameters
    ----------
    cells
        int[..., n]; negative ones are left out.
    weights
        float64[..., n].
    """
    runs = len(placement.runs.late)
    keep = cells >= 0
    flat = cells if runs == 1 else placement.run * size + cells
    if not keep.all():
        flat = flat[keep]
        weights = None if weights is None else weights[keep]
    elif flat.ndim > 1:
        flat = flat.reshape(-1)
    return np.bincount(flat, weights, minlength=runs * size).reshape(runs, size)


def add_all(
    rings: Sequence[WindowRing],
    placements: Sequence[Placement],
    cells: NDArray[np.integer[Any]],
    weights: NDArray[Any] | None = None,
) -> None:
    """Add to the rings of all windows 1, or a weight, for each record.

    Parameters
    ----------
    rings
        One ring for each placement, all of one shape.
    cells
        int[n], or int[k, n] to count each record k times: position in the flattened shape;
        negative cells count nothing.
    weights
        float64[n].
    """
    # Cells that nobody uses, such as those of classes to come, cost nothing.
    size = int(cells.max(initial=-1)) + 1
    if not placements or not size:
        return
    runs = len(placements[0].runs.late)
    if runs * size > _LARGEST_TABLE + _TABLE_PER_RECORD * cells.size:
        # Hardly a record shares its sub-windows with the next.
        one = np.ones(()) if weights is None else weights
        for row in np.atleast_2d(cells):
            for ring, placement in zip(rings, placements, strict=True):
                ring.add(placement, row, one)
        return
    table = tabulate(placements[0], cells, size, weights)
    for ring, placement in zip(rings, placements, strict=True):
        ring.add_runs(placement.runs, table)


def add_sums(
    rings: Sequence[WindowRing], placements: Sequence[Placement], columns: Sequence[NDArray[Any]]
) -> None:
    """Add one column after the other, each float64[n], to the cell of its own position."""
    if not placements:
        return
    run, runs = placements[0].run, len(placements[0].runs.late)
    table = np.column_stack([np.bincount(run, column, runs) for column in columns])
    for ring, placement in zip(rings, placements, strict=True):
        ring.add_runs(placement.runs, table)
