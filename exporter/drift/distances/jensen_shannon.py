"""Jensen-Shannon distance."""

from __future__ import annotations

import math

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import log_ratio, shares
from exporter.records import Floats


def jensen_shannon(reference: Table, counts: Table) -> Floats:
    """Return the square root of the divergence to the base 2, float64[columns] in 0..1.

    The divergence is the mean of those of either from their mean (Lin 1991); the root is a metric
    (Endres and Schindelin 2003). Equal to ``scipy.spatial.distance.jensenshannon(base=2)``.
    """
    p, q = shares(reference), shares(counts)
    middle = (p + q) / 2
    nats = (p * log_ratio(p, middle) + q * log_ratio(q, middle)).sum(axis=1) / 2
    found: Floats = np.sqrt(np.clip(nats / math.log(2), 0.0, 1.0))
    return found
