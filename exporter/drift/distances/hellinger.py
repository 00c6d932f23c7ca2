"""Hellinger distance."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import shares
from exporter.records import Floats


def hellinger(reference: Table, counts: Table) -> Floats:
    """Return sqrt(sum of (sqrt p - sqrt q)^2 / 2), float64[columns] in 0..1 (Hellinger 1909)."""
    difference = np.sqrt(shares(reference)) - np.sqrt(shares(counts))
    found: Floats = np.sqrt(np.minimum((difference**2).sum(axis=1) / 2, 1.0))
    return found
