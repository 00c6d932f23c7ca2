"""Kullback-Leibler divergence."""

from __future__ import annotations

from exporter.drift.columns import Table
from exporter.drift.distances.shares import log_ratio, smoothed
from exporter.records import Floats


def kullback_leibler(reference: Table, counts: Table) -> Floats:
    """Return D(window || reference), sum of q ln(q / p) in nats, float64[columns]; 0 and more.

    p and q are the smoothed shares of reference and window (Kullback and Leibler 1951).
    """
    p, q = smoothed(reference, counts)
    found: Floats = (q * log_ratio(q, p)).sum(axis=1)
    return found
