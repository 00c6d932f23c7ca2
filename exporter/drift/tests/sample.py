"""The reference's raw values, sorted once, with what the tests ask of them again and again."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from exporter.drift.columns import Counts
from exporter.drift.grid import Grid
from exporter.records import Floats

_EDGES = 512


class Sample:
    """A frozen, sorted sample.

    Parameters
    ----------
    values
        float64[m], sorted and finite, m >= 1.
    tau
        How many of them are worth an independent one.
    """

    def __init__(self, values: Floats, tau: float = 1.0) -> None:
        self.values = values
        self.tau = tau

    def __len__(self) -> int:
        return len(self.values)

    @property
    def effective(self) -> float:
        """How many independent values these are worth."""
        return len(self) / self.tau

    @cached_property
    def mean(self) -> float:
        """Arithmetic mean."""
        return float(self.values.mean())

    @cached_property
    def variance(self) -> float:
        """Divisor m - 1; 0 of a single value."""
        return float(self.values.var(ddof=1)) if len(self) > 1 else 0.0

    @cached_property
    def median(self) -> float:
        """Median; the mean of the two middle values if there are two."""
        return float(np.median(self.values))

    @cached_property
    def deviations(self) -> tuple[float, float]:
        """Mean and variance (divisor m - 1) of the distances from the median."""
        distances = np.abs(self.values - self.median)
        return float(distances.mean()), float(distances.var(ddof=1))

    @cached_property
    def edges(self) -> Floats:
        """float64[<= 512], distinct values of the sample that cut it into parts of like size."""
        ranks = np.linspace(0, len(self) - 1, min(len(self), _EDGES)).round().astype(np.intp)
        return np.unique(self.values[ranks])

    @cached_property
    def grid(self) -> Grid:
        """Finds the cells of values between the edges."""
        return Grid(self.edges)

    @cached_property
    def below(self) -> Counts:
        """int64[edges], values of the sample that are at most each edge."""
        return np.searchsorted(self.values, self.edges, side="right").astype(np.int64)

    def at_most(self, values: Floats) -> Counts:
        """Return int64[n], values of the sample that are at most each of those given."""
        return np.searchsorted(self.values, values, side="right").astype(np.int64)

    def tabulate(self, values: Floats) -> tuple[Counts, Counts]:
        """Return int64[1, d] twice: how often sample and values hold each distinct value of both.

        A test on counts whose cells are the distinct values is the test on the raw values, ties
        included.
        """
        ordered = np.sort(values)
        # Two sorted runs one after the other are merged rather than sorted.
        both = np.sort(np.concatenate((self.values, ordered)), kind="stable")
        last = np.append(both[1:] != both[:-1], True)
        distinct = both[last]
        ends = np.flatnonzero(last) + 1
        ours = np.searchsorted(self.values, distinct, side="right")
        ours, pooled = np.diff(ours, prepend=0), np.diff(ends, prepend=0)
        return ours[None, :].astype(np.int64), (pooled - ours)[None, :].astype(np.int64)
