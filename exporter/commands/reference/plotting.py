"""Distributions drawn with characters: of blocks, or of ASCII where a stream has no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO

import numpy as np

from exporter.drift.columns import Counts, NumericColumn
from exporter.records import Floats

_TAIL = 0.01
_LARGEST_RANGE = 2.0**40


@dataclass(frozen=True, slots=True)
class Ink:
    """Characters to draw with.

    Attributes
    ----------
    heights
        From the lowest to the highest.
    lengths
        From the shortest to the whole character.
    """

    heights: str
    lengths: str

    @classmethod
    def of(cls, stream: TextIO) -> Ink:
        """Return the best that a stream can write; one without an encoding takes all."""
        try:
            (BLOCKS.heights + BLOCKS.lengths).encode(stream.encoding or "utf-8")
        except UnicodeEncodeError:
            return ASCII
        return BLOCKS

    def shape(self, counts: Sequence[int]) -> str:
        """Return a character a count: the highest for the largest, a blank for none.

        >>> BLOCKS.shape([0, 1, 50, 100])
        ' ▁▅█'
        """
        largest = max(counts, default=0)
        steps = len(self.heights) - 1
        return "".join(
            self.heights[round(steps * count / largest)] if count else " " for count in counts
        )

    def bar(self, share: float, width: int) -> str:
        """Return a bar that is `width` long at a share of 1; what there is, is to be seen.

        >>> [BLOCKS.bar(share, 4) for share in (0, 0.001, 0.5, 0.625, 1)]
        ['', '▏', '██', '██▌', '████']
        """
        parts = len(self.lengths)
        length = max(round(share * width * parts), 1 if share > 0 else 0)
        whole, rest = divmod(length, parts)
        return self.lengths[-1] * whole + (self.lengths[rest - 1] if rest else "")


BLOCKS = Ink(heights="▁▂▃▄▅▆▇█", lengths="▏▎▍▌▋▊▉█")
ASCII = Ink(heights="_.:-=+*#", lengths="#")


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values of a sample lie where.

    Attributes
    ----------
    edges
        float64[B - 1] between the bins; or float64[B], the values themselves, if there are few.
    counts
        int64[B].
    """

    edges: Floats
    counts: Counts

    @classmethod
    def of(cls, column: NumericColumn, bins: int) -> Histogram:
        """Count a column's sample in bins of one width; a few different values each apart.

        The outer bins hold all that lies beyond: they begin where all but 1 % of the values do,
        since one value far off would leave all others in a single bin.
        """
        values = column.sample
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) <= bins:
            return cls(distinct, counts.astype(np.int64))
        low, high = quantile(values, _TAIL), quantile(values, 1 - _TAIL)
        if low == high:
            low, high = float(values[0]), float(values[-1])
        if high - low < _LARGEST_RANGE and (distinct == np.rint(distinct)).all():
            # Bins that do not hold equally many integers would look like drawn by hand.
            width = np.ceil((high - low + 1) / bins)
            edges = np.arange(low - 1 + width, high, width)
        else:
            # The difference of two huge numbers may be infinite, that of their quarters is not.
            edges = np.unique(np.linspace(low / 4, high / 4, bins + 1)[1:-1] * 4)
        cells = np.searchsorted(edges, values, side="left")
        return cls(edges, np.bincount(cells, minlength=len(edges) + 1).astype(np.int64))

    @property
    def labels(self) -> list[str]:
        """What each bin holds."""
        shown = [f"{edge:.4g}" for edge in self.edges.tolist()]
        if len(self.edges) == len(self.counts):
            return shown
        between = [f"{low} to {high}" for low, high in pairwise(shown)]
        return [f"up to {shown[0]}", *between, f"over {shown[-1]}"]


def quantile(values: Floats, share: float) -> float:
    """Return the least of some sorted values that a share of them does not exceed."""
    rank = int(np.ceil(share * len(values) - 1e-9)) - 1
    return float(values[min(max(rank, 0), len(values) - 1)])
