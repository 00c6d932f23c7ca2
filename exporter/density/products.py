"""Products of matrices on one thread."""

from __future__ import annotations

import numpy as np

from exporter.records import Floats

_LARGEST = 250_000
"""OpenBLAS wakes its other threads for more multiplications than 2^18.

They would take a core each from the model's service, and wait for each other where there is none
free: milliseconds for what one thread does in microseconds.
"""


def rows_at_once(right: Floats) -> int:
    """Return how many rows may be multiplied with float64[d, m] at once."""
    return max(1, _LARGEST // max(1, right.size))


def product(left: Floats, right: Floats) -> Floats:
    """Return float64[n, m] of float64[n, d] and float64[d, m]."""
    step = rows_at_once(right)
    if len(left) <= step:
        found: Floats = left @ right
        return found
    found = np.empty((len(left), right.shape[1]))
    for start in range(0, len(left), step):
        np.matmul(left[start : start + step], right, out=found[start : start + step])
    return found
