"""Sliding windows with constant memory: rings of mergeable sub-windows.

A window of length W is a ring of :data:`SUBWINDOWS` sub-windows of W / SUBWINDOWS seconds. A
record is added to the sub-window of its own time; a sub-window that falls out of the window is
overwritten by the one that takes its place. The window at time t covers the sub-window of t and
the SUBWINDOWS - 1 before it, that is between W - W / SUBWINDOWS and W seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from exporter.storage.rows import Rows

if TYPE_CHECKING:
    from exporter.placement import Placement, Runs

SUBWINDOWS = 60


@dataclass(frozen=True, slots=True)
class Window:
    """A window of the configuration.

    Attributes
    ----------
    name
        As configured ("5m"): the value of the label `window`.
    seconds
        Its length.
    """

    name: str
    seconds: float

    @property
    def width(self) -> float:
        """Seconds of one sub-window."""
        return self.seconds / SUBWINDOWS

    def index(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return int64[n], the number of the sub-window that holds each time, since the epoch."""
        return np.floor(times / self.width).astype(np.int64)


@dataclass(frozen=True, slots=True)
class RingView:
    """An immutable copy of a ring, from which a scrape computes its totals.

    Attributes
    ----------
    epoch
        int64[SUBWINDOWS], the absolute number of the sub-window in each slot; -1 where unused.
    shape
        Of what is counted in each sub-window.
    slots
        That, flattened, of each sub-window. Copies share those that did not change in between.
    """

    window: Window
    epoch: NDArray[np.int64]
    shape: tuple[int, ...]
    slots: tuple[NDArray[Any], ...]

    @property
    def values(self) -> NDArray[Any]:
        """Return [SUBWINDOWS, *shape]."""
        return self._joined(self.slots)

    def _joined(self, slots: Sequence[NDArray[Any]]) -> NDArray[Any]:
        # Of no slot there is still a type.
        joined = np.concatenate(slots or [self.slots[0][:0]])
        return joined.reshape(len(slots), *self.shape)

    def _inside(self, now: float) -> NDArray[Any]:
        return self._joined([self.slots[slot] for slot in np.flatnonzero(self.live(now)).tolist()])

    def live(self, now: float) -> NDArray[np.bool_]:
        """Return bool[SUBWINDOWS], the slots that lie inside the window at Unix time `now`."""
        present = math.floor(now / self.window.width)
        near: NDArray[np.bool_] = np.abs(self.epoch - present) < SUBWINDOWS
        return near & (self.epoch >= 0)

    def total(self, now: float) -> NDArray[Any]:
        """Return the sums over the window at `now`, of the ring's shape."""
        total: NDArray[Any] = self._inside(now).sum(axis=0)
        return total

    def halves(
        self, now: float, steps: int, cells: NDArray[np.intp] | None = None
    ) -> NDArray[np.float64]:
        """Return sums over windows of half the length, that end at `now` and before.

        Together they show over half a window how the last half has come to what it is.

        Parameters
        ----------
        steps
            The first one ends at `now`, each other one a `steps`-th of its length before the last.
        cells
            int[k], positions in the flattened shape; all if absent.

        Returns
        -------
        float64[steps + 1, k]
            Whole numbers of what is counted.
        """
        inside, used = self.half_windows(now, steps)
        chosen: slice | NDArray[np.intp] = slice(None) if cells is None else cells
        values = [self.slots[slot][chosen] for slot in used.tolist()] or [self.slots[0][:0][:0]]
        width = len(self.slots[0][chosen])
        held = np.concatenate(values).reshape(len(used), width).astype(np.float64)
        totals: NDArray[np.float64] = inside.astype(np.float64) @ held
        return totals

    def half_windows(self, now: float, steps: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return bool[steps + 1, k], which slots windows as of :meth:`halves` hold, and these k."""
        half = SUBWINDOWS // 2
        age = math.floor(now / self.window.width) - self.epoch
        used = np.flatnonzero((self.epoch >= 0) & (np.abs(age) < SUBWINDOWS))
        # What is ahead, as after the clock was set back, is in the present.
        age = np.maximum(age[used], 0)
        start = (half * np.arange(steps + 1) // max(steps, 1))[:, None]
        return (start <= age) & (age < start + half), used

    def maximum(self, now: float) -> NDArray[Any]:
        """Return the highest values over the window at `now` (rings filled by `raise_to`)."""
        highest: NDArray[Any] = self._inside(now).max(axis=0, initial=-np.inf)
        return highest


class WindowRing(Rows):
    """Sums (or maxima) of what fell into each sub-window of one window.

    Stored as a row for each sub-window, by the number of its slot.

    Parameters
    ----------
    window
        The window.
    shape
        Shape of what is counted in each sub-window, e.g. ``(bins,)``.
    dtype
        int64 for counts, float64 for sums. Counts of few bins per record may use int32.
    initial
        What an empty sub-window holds: 0 for sums, -inf for maxima.
    """

    def __init__(
        self,
        window: Window,
        shape: tuple[int, ...],
        dtype: DTypeLike = np.int64,
        initial: float = 0,
    ) -> None:
        self.window = window
        self._initial = initial
        self._epoch = np.full(SUBWINDOWS, -1, dtype=np.int64)
        self._newest = -1
        self._values = np.full((SUBWINDOWS, *shape), initial, dtype=dtype)
        self._changes = 0
        # For each slot the number of the change that was its last one.
        self._changed = np.zeros(SUBWINDOWS, dtype=np.int64)
        self._versions: dict[str, int] = {}
        self._versions_upto = 0
        empty = self._values[0].reshape(-1).copy()
        self._view = RingView(window, self._epoch.copy(), shape, (empty,) * SUBWINDOWS)
        self._viewed = 0

    def count(self, placement: Placement, cells: NDArray[np.integer[Any]]) -> None:
        """Add 1 to a cell for each record.

        Parameters
        ----------
        cells
            int[n], position in the flattened shape; negative cells count nothing.
        """
        self.add(placement, cells, np.ones((), dtype=self._values.dtype))

    def add(
        self, placement: Placement, cells: NDArray[np.integer[Any]], weights: NDArray[Any]
    ) -> None:
        """Add a weight to a cell for each record; `weights` is [n] or a scalar."""
        self._apply(np.add, placement, cells, weights)

    def raise_to(
        self, placement: Placement, cells: NDArray[np.integer[Any]], values: NDArray[Any]
    ) -> None:
        """Keep the higher of a cell and the record's value (for rings with ``initial=-inf``)."""
        self._apply(np.maximum, placement, cells, values)

    def add_runs(self, runs: Runs, table: NDArray[Any]) -> None:
        """Add sums over runs of records, [runs, n], to the first n cells of the flattened shape."""
        self._apply_runs(np.add, runs, table)

    def raise_runs(self, runs: Runs, table: NDArray[Any]) -> None:
        """Raise the first n cells to the maxima over runs, [runs, n] (``initial=-inf``)."""
        self._apply_runs(np.maximum, runs, table)

    def _apply_runs(self, ufunc: np.ufunc, runs: Runs, table: NDArray[Any]) -> None:
        first, subwindow = runs.groups
        if not subwindow.size:
            return
        if len(runs.kept) < len(table):
            table = table[runs.kept]
        if len(first) < len(table):
            table = ufunc.reduceat(table, first, axis=0)
        slots, outside = runs.slots, self._admit(runs)
        if runs.oldest <= outside:
            inside = subwindow > outside
            table, slots = table[inside], slots[inside]
        table = table.astype(self._values.dtype, copy=False)
        cells = self._values.reshape(SUBWINDOWS, -1)[:, : table.shape[1]]
        if runs.ordered:
            cells[slots] = ufunc(cells[slots], table)
        else:
            ufunc.at(cells, slots, table)

    def _apply(
        self,
        ufunc: np.ufunc,
        placement: Placement,
        cells: NDArray[np.integer[Any]],
        weights: NDArray[Any],
    ) -> None:
        keep = ~placement.late & (cells >= 0)
        if not keep.any():
            return
        subwindow = placement.subwindow[keep]
        inside = subwindow > self._admit(placement.runs)
        subwindow = subwindow[inside]
        cells_per_slot = self._values[0].size
        flat = (subwindow % SUBWINDOWS) * cells_per_slot + cells[keep][inside]
        if weights.ndim:
            weights = weights[keep][inside]
        ufunc.at(self._values.reshape(-1), flat, weights)

    def _admit(self, runs: Runs) -> int:
        """Make room for the sub-windows of a batch; return the last one outside of the window."""
        # Filled while the clock was ahead by a window or more: kept, they would shut out all that
        # comes until that time.
        if self._newest >= runs.present + SUBWINDOWS:
            ahead = self._epoch >= runs.present + SUBWINDOWS
            self._epoch[ahead] = -1
            self._newest = int(self._epoch.max())
            self._touch(ahead)
        self._newest = max(self._newest, runs.newest)
        # A batch can span more than the ring: what its own newest record pushes out is gone.
        outside = self._newest - SUBWINDOWS
        fresh, slots = runs.groups[1], runs.slots
        if runs.oldest <= outside:
            fresh, slots = fresh[fresh > outside], slots[fresh > outside]
        stale = self._epoch[slots] != fresh
        if stale.any():
            self._values[slots[stale]] = self._initial
            self._epoch[slots[stale]] = fresh[stale]
        self._touch(slots)
        return outside

    def _touch(self, slots: NDArray[Any] | slice) -> None:
        self._changes += 1
        self._changed[slots] = self._changes

    def view(self) -> RingView:
        """Return an immutable copy; the same one until something is added.

        Only sub-windows that changed since the last one are copied.
        """
        if self._viewed < self._changes:
            slots = list(self._view.slots)
            for slot in (self._changed > self._viewed).nonzero()[0].tolist():
                slots[slot] = self._values[slot].reshape(-1).copy()
            self._view = RingView(self.window, self._epoch.copy(), self._view.shape, tuple(slots))
            self._viewed = self._changes
        return self._view

    def merge(self, other: WindowRing) -> None:
        """Add another ring of the same window and shape, sub-window by sub-window.

        Raises
        ------
        ValueError
            If the windows or shapes differ.
        """
        if self.window != other.window or self._values.shape != other._values.shape:
            raise ValueError(f"can't merge {other.window} into {self.window}")
        theirs = other._epoch > self._epoch
        same = (other._epoch == self._epoch) & (other._epoch >= 0)
        self._values[same] = self._combined(self._values[same], other._values[same])
        self._values[theirs] = other._values[theirs]
        self._epoch[theirs] = other._epoch[theirs]
        self._newest = int(self._epoch.max())
        self._touch(same | theirs)

    def rearranged(self, cells: NDArray[np.integer[Any]]) -> WindowRing:
        """Return a ring with the sums of each cell at another place, int[cells], added up there."""
        moved = WindowRing(self.window, self._values.shape[1:], self._values.dtype)
        by_cell = moved._values.reshape(SUBWINDOWS, -1).T
        np.add.at(by_cell, cells, self._values.reshape(SUBWINDOWS, -1).T)
        moved._epoch[:] = self._epoch
        moved._newest = self._newest
        moved._touch(slice(None))
        return moved

    def _combined(self, mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
        """Return what sub-windows hold, [slots, *shape], once those of another ring are added."""
        combine = np.maximum if self._initial else np.add
        combined: NDArray[Any] = combine(mine, theirs)
        return combined

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, a row for each sub-window: one that is past is closed."""
        return {
            "window": self.window.seconds,
            "shape": list(self._values.shape[1:]),
            "slots": self,
        }

    def versions(self) -> Mapping[str, int]:
        """Return for each slot in use the number of the change that was its last one."""
        for slot in (self._changed > self._versions_upto).nonzero()[0].tolist():
            if self._epoch[slot] >= 0:
                self._versions[str(slot)] = int(self._changed[slot])
            else:
                self._versions.pop(str(slot), None)
        self._versions_upto = self._changes
        return self._versions

    def value(self, key: str) -> dict[str, Any]:
        """Return a sub-window: only the cells that differ from an empty one, if these are few."""
        slot = int(key)
        values = self._values[slot].reshape(-1)
        cells = (values != self._initial).nonzero()[0]
        epoch = int(self._epoch[slot])
        if values.dtype.kind in "iu" and cells.size and values.min() >= 0:
            values = values.astype(np.min_scalar_type(values.max()))
        number = np.min_scalar_type(len(values))
        if len(cells) * (number.itemsize + values.itemsize) < values.nbytes:
            return {"epoch": epoch, "cells": cells.astype(number), "values": values[cells]}
        return {"epoch": epoch, "values": values.copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the state belongs to another window or shape.
        """
        shape = list(self._values.shape[1:])
        if state["window"] != self.window.seconds or state["shape"] != shape:
            raise ValueError(
                f"stored window of {state['window']} s and shape {state['shape']} does not fit "
                f"{self.window.seconds} s and {shape}"
            )
        self._touch(slice(None))
        self._epoch[:] = -1
        self._values[:] = self._initial
        if "slots" in state:
            for slot, stored in state["slots"].items():
                self._epoch[int(slot)] = stored["epoch"]
                values = self._values[int(slot)].reshape(-1)
                values[stored.get("cells", slice(None))] = stored["values"]
        else:
            # As it was stored before each sub-window had a row of its own.
            self._epoch[:] = state["epoch"]
            self._values.reshape(-1)[state["cells"]] = state["values"]
        self._newest = int(self._epoch.max())


def load_rings(rings: Sequence[WindowRing], states: Sequence[Mapping[str, Any]]) -> None:
    """Restore one ring for each configured window from the stored ones.

    A window that is new in the configuration starts empty; one that is gone is dropped.

    Raises
    ------
    ValueError
        If a stored ring has another shape.
    """
    stored = {state["window"]: state for state in states}
    for ring in rings:
        if ring.window.seconds in stored:
            ring.load(stored[ring.window.seconds])
