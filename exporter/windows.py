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
    values
        [SUBWINDOWS, *shape].
    """

    window: Window
    epoch: NDArray[np.int64]
    values: NDArray[Any]

    def live(self, now: float) -> NDArray[np.bool_]:
        """Return bool[SUBWINDOWS], the slots that lie inside the window at Unix time `now`."""
        present = math.floor(now / self.window.width)
        near: NDArray[np.bool_] = np.abs(self.epoch - present) < SUBWINDOWS
        return near & (self.epoch >= 0)

    def total(self, now: float) -> NDArray[Any]:
        """Return the sums over the window at `now`, of the ring's shape."""
        total: NDArray[Any] = self.values[self.live(now)].sum(axis=0)
        return total

    def maximum(self, now: float) -> NDArray[Any]:
        """Return the highest values over the window at `now` (rings filled by `raise_to`)."""
        highest: NDArray[Any] = self.values[self.live(now)].max(axis=0, initial=-np.inf)
        return highest


class WindowRing:
    """Sums (or maxima) of what fell into each sub-window of one window.

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
        self._values = np.full((SUBWINDOWS, *shape), initial, dtype=dtype)

    @property
    def size(self) -> int:
        """Cells of a sub-window."""
        return int(self._values[0].size)

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
        """Add sums over runs of records, [runs, size]."""
        first, subwindow = runs.groups
        if not subwindow.size:
            return
        if len(runs.kept) < len(table):
            table = table[runs.kept]
        if len(first) < len(table):
            table = np.add.reduceat(table, first, axis=0)
        inside = self._admit(runs.present, subwindow)
        if not inside.all():
            table, subwindow = table[inside], subwindow[inside]
        table = table.reshape(len(subwindow), *self._values.shape[1:])
        slots = subwindow % SUBWINDOWS
        if len(slots) == 1:
            self._values[slots[0]] += table[0].astype(self._values.dtype)
        elif runs.ordered:
            self._values[slots] += table
        else:
            np.add.at(self._values, slots, table.astype(self._values.dtype))

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
        inside = self._admit(placement.present, subwindow)
        subwindow = subwindow[inside]
        cells_per_slot = self._values[0].size
        flat = (subwindow % SUBWINDOWS) * cells_per_slot + cells[keep][inside]
        if weights.ndim:
            weights = weights[keep][inside]
        ufunc.at(self._values.reshape(-1), flat, weights)

    def _admit(self, present: int, subwindow: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Make room for sub-windows; return bool[n], which of them are inside the window."""
        # Filled while the clock was ahead by a window or more: kept, they would shut out all that
        # comes until that time.
        self._epoch[self._epoch >= present + SUBWINDOWS] = -1
        # A batch can span more than the ring: what its own newest record pushes out is gone.
        newest = max(int(subwindow.max()), int(self._epoch.max()))
        inside: NDArray[np.bool_] = subwindow > newest - SUBWINDOWS
        fresh = subwindow[inside]
        slots = fresh % SUBWINDOWS
        stale = self._epoch[slots] != fresh
        if stale.any():
            self._values[slots[stale]] = self._initial
            self._epoch[slots[stale]] = fresh[stale]
        return inside

    def view(self) -> RingView:
        """Return an immutable copy."""
        return RingView(self.window, self._epoch.copy(), self._values.copy())

    def merge(self, other: WindowRing) -> None:
        """Add another ring of the same window and shape, sub-window by sub-window.

        Raises
        ------
        ValueError
            If the windows or shapes differ.
        """
        if self.window != other.window or self._values.shape != other._values.shape:
            raise ValueError(f"can't merge {other.window} into {self.window}")
        combine = np.maximum if self._initial else np.add
        theirs = other._epoch > self._epoch
        same = (other._epoch == self._epoch) & (other._epoch >= 0)
        self._values[same] = combine(self._values[same], other._values[same])
        self._values[theirs] = other._values[theirs]
        self._epoch[theirs] = other._epoch[theirs]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage: only the cells that differ from an empty ring."""
        flat = self._values.reshape(-1)
        cells = np.flatnonzero(flat != self._initial)
        return {
            "window": self.window.seconds,
            "shape": list(self._values.shape[1:]),
            "epoch": self._epoch.copy(),
            "cells": cells,
            "values": flat[cells],
        }

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
        self._epoch[:] = state["epoch"]
        self._values[:] = self._initial
        self._values.reshape(-1)[state["cells"]] = state["values"]


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
