"""Population stability index."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import log_ratio, smoothed
from exporter.records import Floats


def population_stability(reference: Table, counts: Table) -> Floats:
    """Return the PSI, sum of (q - p) ln(q / p), float64[columns]; 0 and more.

    p and q are the smoothed shares of reference and window (Lewis 1994). Without drift it is not 0,
    but about :func:`noise_floor`, which is to be subtracted.
    """
    p, q = smoothed(reference, counts)
    found: Floats = ((q - p) * log_ratio(q, p)).sum(axis=1)
    return found


def noise_floor(reference: Table, counts: Table, tau: Floats | float = 1.0) -> Floats:
    """Return the PSI to expect without drift: (B - 1) (tau / n + tau / m), B cells in use.

    Since n m / (n + m) PSI is then about chi-square with B - 1 degrees of freedom (Yurdakul and
    Naranjo 2020); tau is the autocorrelation time of the records.
    """
    used = ((reference + counts) > 0).sum(axis=1)
    m, n = reference.sum(axis=1), counts.sum(axis=1)
    return np.asarray((used - 1) * tau * (1 / n + 1 / m), dtype=np.float64)
