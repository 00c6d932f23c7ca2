"""Frozen bins of a numeric column: quantiles, with every frequent value in a bin of its own."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Counts
from exporter.records import Floats

BINS = 100
_SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)


def quantile_edges(values: Floats, bins: int = BINS) -> Floats:
    """Return the edges that cut sorted values into about `bins` bins of equal share.

    An edge is always a value of the column (the quantile of the empirical distribution), and
    belongs to the bin below it. An *atom* is a value that holds at least ``1 / bins`` of all; it
    gets a bin of its own, since otherwise a change of its share, or values that come to lie
    beside it, could go unseen. A column with at most `bins` distinct values has only atoms.

    Parameters
    ----------
    values
        float64[n], sorted and finite; may be empty.

    Returns
    -------
    float64[E]
        Strictly increasing; E < 2 * bins (or at most twice the distinct values, if fewer).
    """
    n = len(values)
    if n == 0:
        return np.empty(0)
    distinct, frequency = np.unique(values, return_counts=True)
    if len(distinct) <= bins:
        atoms, quantiles = distinct, distinct
    else:
        atoms = distinct[frequency * bins >= n]
        ranks = -(-np.arange(1, bins) * n // bins) - 1
        quantiles = values[ranks]
    return np.unique(np.concatenate((quantiles, _just_below(atoms))))


def count(values: Floats, edges: Floats) -> Counts:
    """Return int64[len(edges) + 1]: how many finite values fall into each bin."""
    cells = np.searchsorted(edges, values, side="left")
    return np.bincount(cells, minlength=len(edges) + 1).astype(np.int64)


def _just_below(values: Floats) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        below = np.nextafter(values, -np.inf)
    # Code compiled with -ffast-math makes the whole process read subnormal numbers as zero, and
    # the edge below 0 would then fall together with 0.
    subnormal = np.abs(below) < _SMALLEST_NORMAL
    below = np.where(subnormal, np.where(values > 0, 0.0, -_SMALLEST_NORMAL), below)
    return below[np.isfinite(below)]
