"""Total variation distance."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import shares
from exporter.records import Floats


def total_variation(reference: Table, counts: Table) -> Floats:
    """Return the sum of |p - q| / 2, float64[columns] in 0..1.

    The largest difference between the probabilities of any set of cells.
    """
    found: Floats = np.abs(shares(reference) - shares(counts)).sum(axis=1) / 2
    return found
