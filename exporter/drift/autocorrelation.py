"""How many values in a row are worth one that does not depend on those before it."""

from __future__ import annotations

import numpy as np

from exporter.records import Mask

LEAST = 100
"""Of fewer values nothing can be said."""
LONGEST = 50_000
"""Values in a row that are looked at."""


def autocorrelation_time(indicator: Mask) -> float:
    """Return tau = 1 + 2 sum over k >= 1 of rho_k, rho_k being the autocorrelation at lag k.

    The mean of n values in a row has the variance of that of n / tau independent ones (Priestley
    1981, Spectral analysis and time series, 5.3.2). Drift tests compare shares of values up to a
    limit, hence it is the indicator of such a set that counts. The sum ends where that of two
    neighbouring lags can't be told from nothing any more (after Geyer 1992, Practical Markov chain
    Monte Carlo, Statistical Science 7).

    Parameters
    ----------
    indicator
        bool[n] in the order of time.

    Returns
    -------
    float
        At least 1; 1 for less than :data:`LEAST` values, or such as are all the same.
    """
    values = indicator[:LONGEST].astype(np.float64)
    n = len(values)
    if n < LEAST or values.min() == values.max():
        return 1.0
    values -= values.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(values, size)
    covariance = np.fft.irfft(spectrum * spectrum.conj(), size)[:n]
    rho = covariance / covariance[0]
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    # Without any dependence a lag's has a standard deviation of 1 / sqrt(n).
    noise = 2 * np.sqrt(2 / n)
    if rho[1] <= noise and pairs[1] <= noise:
        return 1.0
    ends = np.flatnonzero(pairs <= noise)
    falling = np.minimum.accumulate(pairs[: int(ends[0]) if ends.size else None])
    return max(1.0, float(2 * falling.sum() - 1))
