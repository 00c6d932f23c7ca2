"""What a monitor of means keeps: sums for ever, and the same sums in a ring a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from exporter.placement import Placement, add_sums, add_table
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class Sums:
    """float64[cells] sums of all records, and the rings, at one moment."""

    totals: NDArray[np.float64]
    rings: tuple[RingView, ...]


class WindowedSums:
    """Keeps, copies, stores and merges the sums; a monitor adds what goes in and comes out.

    Counts are sums of ones, exact up to 2^53.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    cells
        How many sums there are.
    """

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window], cells: int) -> None:
        self._labels = dict(labels)
        self._totals = np.zeros(cells)
        self._rings = [WindowRing(window, (cells,), np.float64) for window in windows]

    def _add(self, placements: Sequence[Placement], columns: Sequence[NDArray[Any]]) -> None:
        """Add a column, [n], to each of the first sums, for records that all have a placement."""
        self._totals[: len(columns)] += [column.sum() for column in columns]
        add_sums(self._rings, placements, columns)

    def _add_table(self, placements: Sequence[Placement], table: NDArray[Any]) -> None:
        """Add sums over the runs of a batch, [runs, cells]."""
        self._totals += table.sum(axis=0)
        add_table(self._rings, placements, table)

    def snapshot(self) -> Sums:
        """Return an immutable copy."""
        return Sums(self._totals.copy(), tuple(ring.view() for ring in self._rings))

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"totals": self._totals.copy(), "rings": [ring.dump() for ring in self._rings]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the stored sums are others.
        """
        self._totals[:] = state["totals"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: Self) -> None:
        """Add the state of a monitor with the same windows."""
        self._totals += other._totals
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs)

    def _merge_at(self, other: Self, cells: NDArray[np.int64]) -> None:
        """Add the state of a monitor whose sums belong to other cells here, int64[cells]."""
        np.add.at(self._totals, cells, other._totals)
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs.rearranged(cells))


def placed(batch: RecordBatch, rows: NDArray[np.intp]) -> tuple[Placement, ...]:
    """Return where some records of a batch fall."""
    if len(rows) == len(batch):
        return batch.placements
    return tuple(placement.take(rows) for placement in batch.placements)
