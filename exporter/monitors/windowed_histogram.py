"""What a monitor of one measured value keeps: a histogram for ever, and a ring a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from exporter.monitors.exemplars import Exemplars, Shown
from exporter.monitors.histogram import BucketView, Histogram
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The histogram, the rings and the exemplars by bucket at one moment."""

    buckets: BucketView
    rings: tuple[RingView, ...]
    exemplars: Shown


class WindowedHistogram:
    """Keeps, copies, stores and merges the state; a monitor adds what goes in and comes out.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    edges
        Ascending upper edges of the histogram.
    cells, dtype
        How many cells a ring has in each sub-window, and what they hold.
    exemplars
        Whether buckets name a request.
    """

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        edges: Sequence[float],
        cells: int,
        dtype: DTypeLike,
        *,
        exemplars: bool = False,
    ) -> None:
        self._labels = dict(labels)
        self._histogram = Histogram(edges)
        self._exemplars = Exemplars(len(edges) + 1, wanted=exemplars)
        self._rings = [WindowRing(window, (cells,), dtype) for window in windows]

    def _observe(self, batch: RecordBatch, known: Mask, values: Floats) -> None:
        """Fill the histogram with those of float64[n] values that are `known`, bool[n]."""
        every = bool(known.all())
        buckets = self._histogram.observe(values if every else values[known])
        if not every:
            of_known, buckets = buckets, np.full(len(batch), -1, dtype=np.int64)
            buckets[known] = of_known
        self._exemplars.observe(batch, buckets, values)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        rings = tuple(ring.view() for ring in self._rings)
        return Snapshot(self._histogram.view(), rings, self._exemplars.view())

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "histogram": self._histogram.dump(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the stored edges or cells are others.
        """
        self._histogram.load(state["histogram"])
        load_rings(self._rings, state["rings"])

    def merge(self, other: Self) -> None:
        """Add the state of a monitor with the same windows."""
        self._histogram.merge(other._histogram)
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs)
