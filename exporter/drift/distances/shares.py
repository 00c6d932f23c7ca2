"""Table as shares of their column."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.records import Floats

_PRIOR = 0.5


def shares(counts: Table) -> Floats:
    """Return float64[columns, cells], each row of sum 1."""
    found: Floats = counts / counts.sum(axis=1, keepdims=True)
    return found


def smoothed(reference: Table, counts: Table) -> tuple[Floats, Floats]:
    """Return shares that are 0 only where both are.

    Half a record is added to every cell that holds any (Jeffreys' prior; Krichevsky and Trofimov
    1981). A constant like 1e-10 instead would decide the distance: an empty cell of a tenth of the
    reference adds 2 to the PSI.
    """
    used = (reference + counts) > 0
    ours, theirs = (np.where(used, table + _PRIOR, 0.0) for table in (reference, counts))
    return ours / ours.sum(axis=1, keepdims=True), theirs / theirs.sum(axis=1, keepdims=True)


def log_ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return ln(numerator / denominator), 0 where either is 0."""
    both = (numerator > 0) & (denominator > 0)
    ratio = np.where(both, numerator, 1.0) / np.where(both, denominator, 1.0)
    found: Floats = np.log(ratio)
    return found
