"""Quantiles of durations from logarithmic bins.

As in DDSketch (Masson, Rim, Lee 2019, https://arxiv.org/abs/1908.10693): every quantile is within
:data:`RELATIVE_ERROR` of the true value, bins add up, and the state does not grow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.5, 0.95, 0.99)
"""Those that are exposed."""
RELATIVE_ERROR = 0.02
_SHORTEST, _LONGEST = 1e-5, 1e4
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
BINS = math.ceil(math.log(_LONGEST / _SHORTEST) / math.log(_GAMMA)) + 1


def bins_of(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return int64[n], the logarithmic bin of each duration; the ends take what lies beyond."""
    with np.errstate(divide="ignore"):
        exact = np.ceil(np.log(seconds / _SHORTEST) / math.log(_GAMMA))
    return np.clip(exact, 0, BINS - 1).astype(np.int64)


def quantile(counts: NDArray[np.integer[Any]], q: float) -> float:
    """Return the q-quantile in seconds of int[bins] counts that are not all zero.

    It is the value at rank floor(q (n - 1)), within :data:`RELATIVE_ERROR` of the exact one if
    that lies between 10 microseconds and 10,000 seconds.
    """
    rank = math.floor(q * (int(counts.sum()) - 1))
    position = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
    # The point of the bin with the same relative distance to both of its ends.
    return _SHORTEST * 2 * _GAMMA**position / (_GAMMA + 1)
