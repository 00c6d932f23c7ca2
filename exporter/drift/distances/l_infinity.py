"""L-infinity (Chebyshev) distance."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import shares
from exporter.records import Floats


def l_infinity(reference: Table, counts: Table) -> Floats:
    """Return the largest |p - q| of any cell, float64[columns] in 0..1."""
    found: Floats = np.abs(shares(reference) - shares(counts)).max(axis=1)
    return found
