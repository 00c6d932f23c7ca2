"""A Prometheus histogram filled by columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from exporter.drift.grid import Grid
from exporter.monitors import exemplars


@dataclass(frozen=True, slots=True)
class BucketView:
    """An immutable copy of a histogram: int64[edges + 1] counts (not cumulative) and the sum."""

    counts: NDArray[np.int64]
    total: float


class Histogram:
    """Counts of values at fixed upper edges, as Prometheus defines buckets (`le`).

    Parameters
    ----------
    edges
        Ascending upper edges; +Inf is added.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = np.array(edges, dtype=np.float64)
        self._counts = np.zeros(len(edges) + 1, dtype=np.int64)
        self._sum = 0.0

    @cached_property
    def _grid(self) -> Grid:
        # Of a histogram that nothing is ever observed of there is none.
        return Grid(self._edges)

    def observe(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Add float64[n], none of them NaN; return int64[n], the number of the bucket of each."""
        buckets = self.buckets(values)
        self.add(np.bincount(buckets, minlength=len(self._counts)), float(values.sum()))
        return buckets

    def buckets(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return int64[n], the number of the bucket of each value, none of which is NaN."""
        return self._grid.cells(values)

    def add(self, counts: NDArray[np.int64], total: float) -> None:
        """Add int64[edges + 1] counts by bucket, and the sum of the values."""
        self._counts += counts
        self._sum += total

    def view(self) -> BucketView:
        """Return an immutable copy."""
        return BucketView(self._counts.copy(), self._sum)

    def add_to(
        self,
        family: HistogramMetricFamily,
        labels: Sequence[str],
        view: BucketView,
        shown: exemplars.Shown = exemplars.NONE,
    ) -> None:
        """Add the series of a copy to a family, with the exemplars that buckets have."""
        cumulative = np.cumsum(view.counts).tolist()
        edges = [*map(floatToGoString, self._edges.tolist()), "+Inf"]
        buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = [
            (edge, count, shown[at]) if at in shown else (edge, count)
            for at, (edge, count) in enumerate(zip(edges, cumulative, strict=True))
        ]
        family.add_metric(labels, buckets, view.total)

    def merge(self, other: Histogram) -> None:
        """Add another histogram of the same edges.

        Raises
        ------
        ValueError
            If the edges differ.
        """
        if not np.array_equal(self._edges, other._edges):
            raise ValueError("can't merge histograms of different edges")
        self._counts += other._counts
        self._sum += other._sum

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"edges": self._edges.copy(), "counts": self._counts.copy(), "sum": self._sum}

    def fits(self, state: Mapping[str, Any]) -> bool:
        """Return whether what :meth:`dump` returned is of the same edges."""
        return np.array_equal(self._edges, state["edges"])

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the edges differ.
        """
        if not self.fits(state):
            raise ValueError("stored histogram has other edges")
        self._counts[:] = state["counts"]
        self._sum = float(state["sum"])
