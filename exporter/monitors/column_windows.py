"""Windows of what the columns of a reference are compared with: counts at their cells, and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.placement import Placement, add_side_by_side, add_sums
from exporter.records import Floats
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """The counts and sums of one window at one moment."""

    window: Window
    counts: Floats
    sums: Floats


class ColumnWindows:
    """Counts and sums in each window, which take no memory before there is anything to count.

    Parameters
    ----------
    windows
        The configured windows, in the order of a batch's placements.
    sizes
        How many cells each column has; they lie behind those of the columns before it.
    sums
        How many sums are kept beside the counts.
    """

    def __init__(self, windows: Sequence[Window], sizes: Sequence[int], sums: int) -> None:
        self._windows = tuple(windows)
        self._sizes = tuple(sizes)
        self._sums = sums
        self._rings: list[tuple[WindowRing, WindowRing]] = []

    def add(
        self,
        placements: Sequence[Placement],
        cells: Iterable[NDArray[np.int64]],
        sums: Sequence[Floats],
    ) -> None:
        """Add records.

        Parameters
        ----------
        cells
            int64[n] for each column; negative ones count nothing.
        sums
            float64[n] for each sum.
        """
        self._make()
        counted, summed = ([pair[part] for pair in self._rings] for part in (0, 1))
        add_side_by_side(counted, placements, cells, self._sizes)
        add_sums(summed, placements, sums)

    def view(self) -> tuple[tuple[RingView, RingView], ...]:
        """Return an immutable copy, empty as long as there was nothing to count."""
        return tuple((counted.view(), summed.view()) for counted, summed in self._rings)

    def totals(
        self, views: Sequence[tuple[RingView, RingView]], now: float
    ) -> Iterable[WindowTotals]:
        """Yield the windows of a view as they stand at `now`."""
        for window, (counted, summed) in zip(self._windows, views, strict=bool(views)):
            counts = counted.total(now).astype(np.float64)
            yield WindowTotals(window, counts, summed.total(now))

    def dump(self) -> list[dict[str, Any]]:
        """Return the state for storage."""
        return [{"cells": counted.dump(), "sums": summed.dump()} for counted, summed in self._rings]

    def load(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it is of other columns.
        """
        self._rings = []
        if state:
            self._make()
            for part, name in enumerate(("cells", "sums")):
                load_rings([pair[part] for pair in self._rings], [one[name] for one in state])

    def merge(self, other: ColumnWindows) -> None:
        """Add those of another monitor of the same columns and windows."""
        if other._rings:
            self._make()
            for ours, theirs in zip(self._rings, other._rings, strict=True):
                for ring, added in zip(ours, theirs, strict=True):
                    ring.merge(added)

    def _make(self) -> None:
        if not self._rings:
            self._rings = [
                (
                    WindowRing(window, (sum(self._sizes),), np.int32),
                    WindowRing(window, (self._sums,), np.float64),
                )
                for window in self._windows
            ]
