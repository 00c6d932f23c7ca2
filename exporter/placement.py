"""Where the records of a batch fall in each window.

Logs are written in the order of time, or nearly: hundreds of records in a row share their
sub-window in every window. Such a *run* is placed once, and counted before it is added to a ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.windows import SUBWINDOWS, Window, WindowRing

Integers = NDArray[np.int64]

_LARGEST_TABLE = 1 << 15
_TABLE_PER_RECORD = 16
_SHORT_PIECE = 16
_FEW_PIECES = 8


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
    def doubled(self) -> Runs:
        """The same runs in a window twice as long, of sub-windows twice as long."""
        twice = Window(self.window.name, 2 * self.window.seconds)
        return Runs(twice, self.subwindow // 2, self.late, self.present // 2)

    @cached_property
    def groups(self) -> tuple[NDArray[np.intp], Integers]:
        """Positions in `kept` at which another sub-window begins, int[groups], and these."""
        subwindow = self.subwindow[self.kept]
        if not subwindow.size:
            return np.empty(0, dtype=np.intp), subwindow
        first = np.flatnonzero(np.concatenate(([True], subwindow[1:] != subwindow[:-1])))
        return first, subwindow[first]

    @cached_property
    def slots(self) -> Integers:
        """int64[groups], the slot of a ring that holds the sub-window of each group."""
        return self.groups[1] % SUBWINDOWS

    @cached_property
    def oldest(self) -> int:
        """The lowest of the sub-windows of `groups`, of which there must be one."""
        return int(self.groups[1].min())

    @cached_property
    def newest(self) -> int:
        """The highest one."""
        return int(self.groups[1].max())

    @cached_property
    def ordered(self) -> bool:
        """Whether the sub-windows of `groups` ascend, so that each occurs once."""
        return bool((np.diff(self.groups[1]) > 0).all())


@dataclass(frozen=True)
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

    @cached_property
    def pieces(self) -> tuple[NDArray[np.intp], Integers]:
        """Positions at which records of another run begin, int[pieces], and the runs of these."""
        first = np.flatnonzero(np.concatenate(([True], self.run[1:] != self.run[:-1])))
        first = first[: len(self.run)]
        return first, self.run[first]

    @property
    def doubled(self) -> Placement:
        """The same in a window twice as long, for what is kept for longer than it counts."""
        return Placement(self.runs.doubled, self.run)

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
        present = np.floor(now / window.width)
        # What is a little ahead counts in the present: further on it would take the place of the
        # oldest sub-window, which is still in the window.
        subwindow = np.floor(event_time / window.width)
        np.minimum(subwindow, present, out=subwindow)
        changes |= subwindow[1:] != subwindow[:-1]
        if len(present) > 1:
            # Else what shares its sub-window is late together.
            late = subwindow <= present - SUBWINDOWS
            changes |= late[1:] != late[:-1]
        placed.append((window, subwindow, present))
    run = np.zeros(len(event_time), dtype=np.int64)
    np.cumsum(changes, out=run[1:])
    first = np.flatnonzero(np.concatenate(([True], changes)))[: len(event_time)]
    placements = []
    for window, subwindow, present in placed:
        late = subwindow[first] <= (present[first] if len(present) > 1 else present) - SUBWINDOWS
        latest = int(present.max(initial=0))
        runs = Runs(window, subwindow[first].astype(np.int64), late, latest)
        placements.append(Placement(runs, run))
    return tuple(placements)


def tabulate(
    placements: Sequence[Placement],
    cells: NDArray[np.integer[Any]],
    size: int,
    weights: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return [runs, size]: in each run the number of records of each cell, or their weights' sum.

    Parameters
    ----------
    placements
        Of the batch. Without any, all records are one run.
    cells
        int[..., n]; negative ones are left out.
    weights
        float64[n].
    """
    runs = len(placements[0].runs.late) if placements else 1
    if cells.ndim == 1 and cells.min(initial=0) >= 0:
        if runs == 1:
            return np.bincount(cells, weights, minlength=size).reshape(1, size)
        first, which = placements[0].pieces
        if len(first) <= _FEW_PIECES:
            table = np.zeros((runs, size), dtype=np.int64 if weights is None else np.float64)
            pieces = map(slice, first.tolist(), [*first[1:].tolist(), None])
            for run, piece in zip(which.tolist(), pieces, strict=True):
                some = None if weights is None else weights[piece]
                table[run] += np.bincount(cells[piece], some, minlength=size)
            return table
    keep = cells >= 0
    flat = (cells if runs == 1 else placements[0].run * size + cells)[keep]
    shared = None if weights is None else np.broadcast_to(weights, cells.shape)[keep]
    return np.bincount(flat, shared, minlength=runs * size).reshape(runs, size)


def add_all(
    rings: Sequence[WindowRing],
    placements: Sequence[Placement],
    cells: NDArray[np.integer[Any]],
    weights: NDArray[Any] | None = None,
) -> NDArray[Any]:
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

    Returns
    -------
    int64[size] or float64[size]
        What went to each cell up to the last one in use, records too old for a window included.
    """
    # Cells that nobody uses, such as those of classes to come, cost nothing.
    size = int(cells.max(initial=-1)) + 1
    if not size:
        return np.zeros(0, dtype=np.int64)
    if _too_large(placements, size, cells.size):
        one = np.ones(()) if weights is None else weights
        for row in np.atleast_2d(cells):
            for ring, placement in zip(rings, placements, strict=True):
                ring.add(placement, row, one)
        alone: NDArray[Any] = tabulate((), cells, size, weights)[0]
        return alone
    table = tabulate(placements, cells, size, weights)
    add_table(rings, placements, table)
    totals: NDArray[Any] = table.sum(axis=0)
    return totals


def add_side_by_side(
    rings: Sequence[WindowRing],
    placements: Sequence[Placement],
    columns: Iterable[NDArray[np.integer[Any]]],
    sizes: Sequence[int],
) -> None:
    """Add 1 for each record and column to the rings of all windows.

    Parameters
    ----------
    columns
        int[n] each; negative cells count nothing.
    sizes
        How many cells a column has. They lie behind those of the columns before it.
    """
    if not placements:
        return
    if _too_large(placements, sum(sizes), len(sizes) * len(placements[0].run)):
        starts = np.cumsum([0, *sizes])
        shifted = [
            np.where(column < 0, -1, column + start)
            for column, start in zip(columns, starts, strict=False)
        ]
        add_all(rings, placements, np.stack(shifted))
        return
    # Column by column, while its cells are in the processor's cache.
    tables = [
        tabulate(placements, column, size) for column, size in zip(columns, sizes, strict=True)
    ]
    add_table(rings, placements, np.concatenate(tables, axis=1))


def _too_large(placements: Sequence[Placement], size: int, records: int) -> bool:
    """Whether hardly a record shares its sub-windows with the next, so that a table is no use."""
    runs = len(placements[0].runs.late) if placements else 1
    return runs * size > _LARGEST_TABLE + _TABLE_PER_RECORD * records


def add_sums(
    rings: Sequence[WindowRing], placements: Sequence[Placement], columns: Sequence[NDArray[Any]]
) -> None:
    """Add one column after the other, each float64[n], to the cell of its own position."""
    if placements:
        add_table(rings, placements, sums_of_runs(placements[0], columns))


def sums_of_runs(placement: Placement, columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return float64[runs, columns], the sum of each column, float64[n], over each run."""
    runs = len(placement.runs.late)
    first, which = placement.pieces
    if len(first) * _SHORT_PIECE > len(placement.run):
        sums = [np.bincount(placement.run, column, runs) for column in columns]
        return np.column_stack(sums)
    pieces = [np.add.reduceat(column, first, dtype=np.float64) for column in columns]
    table = np.zeros((runs, len(columns)))
    np.add.at(table, which, np.column_stack(pieces))
    return table


def add_table(
    rings: Sequence[WindowRing], placements: Sequence[Placement], table: NDArray[Any]
) -> None:
    """Add sums over the runs of a batch, [runs, n], to the first n cells of all windows' rings."""
    for ring, placement in zip(rings, placements, strict=True):
        ring.add_runs(placement.runs, table)


def raise_all(
    rings: Sequence[WindowRing], placements: Sequence[Placement], columns: Sequence[NDArray[Any]]
) -> None:
    """Raise the cell of its own position to each column's maximum (``initial=-inf``)."""
    if not placements or not len(placements[0].run):
        return
    first, which = placements[0].pieces
    table = np.full((len(placements[0].runs.late), len(columns)), -np.inf)
    pieces = [np.maximum.reduceat(column, first) for column in columns]
    np.maximum.at(table, which, np.column_stack(pieces))
    for ring, placement in zip(rings, placements, strict=True):
        ring.raise_runs(placement.runs, table)
