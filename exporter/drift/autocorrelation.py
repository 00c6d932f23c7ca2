"""How many independent records a series of dependent ones is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats

LONGEST = 50_000
"""More values in a row than these are not looked at."""
_FEW = 100
_FEWEST_SUMS = 24
_LARGEST = 1e70
_MOST_CATEGORIES = 10


def of_numbers(values: Floats) -> float:
    """Return the integrated autocorrelation time of "at most the median".

    tau = 1 + 2 times the sum of the autocorrelations; n / tau independent records would know the
    share of values up to the median as well as these n. Of the indicator rather than the values,
    since distribution functions are compared, and since it exists for every distribution.

    Parameters
    ----------
    values
        float64[n], in order of time; what is not finite is left out.

    Returns
    -------
    float
        At least 1, at most n. 1 for fewer than a hundred values and for constants.
    """
    values = values[np.isfinite(values)]
    if len(values) < _FEW:
        return 1.0
    median = np.median(values)
    # Of a frequent value the median cuts off too much or too little.
    candidates = (values <= median, values < median)
    best = min(candidates, key=lambda below: abs(float(below.mean()) - 0.5))
    return of_series(best.astype(np.float64))


def of_means(values: Floats) -> float:
    """Return the autocorrelation time of the mean of values, or of their ranks if that is longer.

    It is longer than that of :func:`of_numbers` where neighbours resemble each other in more than
    in being above or below the median.

    Parameters
    ----------
    values
        float64[n], in order of time; what is not finite is left out.

    Returns
    -------
    float
        At least 1, at most n. 1 for fewer than a hundred values and for constants.
    """
    # Squares of huge numbers have no sum.
    values = np.clip(values[np.isfinite(values)], -_LARGEST, _LARGEST)
    if len(values) < _FEW:
        return 1.0
    ordered = np.sort(values)
    # The mean of equal numbers may be off by a digit, and all deviations from it would be alike.
    if ordered[0] == ordered[-1]:
        return 1.0
    ranks = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    centred = values - ordered[len(ordered) // 2]
    return max(of_series(centred), of_series(ranks.astype(np.float64)))


def of_categories(codes: NDArray[np.integer]) -> float:
    """Return the autocorrelation time that matters to a chi-square test of the categories.

    Without drift X^2 of dependent records is on average the sum over the categories of (1 - share)
    tau (Rao and Scott 1981), so tau is the mean with these weights.

    Parameters
    ----------
    codes
        int[n], in order of time; negative ones are left out.
    """
    codes = codes[codes >= 0]
    if len(codes) < _FEW:
        return 1.0
    distinct, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        return 1.0
    # The rare ones say little of their own, and cost as much as the others.
    chosen = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
    weights = 1.0 - counts[chosen] / len(codes)
    taus = [of_series((places == category).astype(np.float64)) for category in chosen]
    return float(np.average(taus, weights=weights))


def of_series(values: Floats) -> float:
    """Return tau of the mean of a series by an initial monotone sequence.

    Sums of the autocorrelations at 2 k and 2 k + 1 are positive and fall for reversible Markov
    chains; they are added up to the first that can't be told from nothing, none larger than the
    one before it (after Geyer 1992, "Practical Markov chain Monte Carlo", who goes on to the first
    that is not positive: of independent values this makes up to an eighth too much).

    Parameters
    ----------
    values
        float64[n], n >= 4, in order of time.

    Returns
    -------
    float
        At least 1, also for series that alternate; at most n.
    """
    values = values[:LONGEST]
    n = len(values)
    deviations = values - values.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(deviations, size)) ** 2
    covariances = np.fft.irfft(spectrum, size)[:n]
    if covariances[0] <= 0:
        return 1.0
    correlations = covariances / covariances[0]
    pairs = correlations[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    # Without any dependence an autocorrelation has a standard deviation of 1 / sqrt(n).
    noise = 2 * np.sqrt(2 / n)
    if correlations[1] <= noise and (pairs[1:2] <= noise).all():
        return 1.0
    ends = np.flatnonzero(pairs <= noise)
    significant = pairs[: ends[0]] if len(ends) else pairs
    tau = 2.0 * float(np.minimum.accumulate(significant).sum()) - 1.0
    return min(max(tau, 1.0), float(n))


def of_sums(sums: Floats, squares: float) -> float:
    """Return the autocorrelation time that sums over stretches of a series show.

    Their variance over what that of independent values would be, times the autocorrelation time of
    the sums themselves: what resembles its neighbours for longer than a stretch.

    Parameters
    ----------
    sums
        float64[stretches], in order of time, of deviations from their mean.
    squares
        Sum of the squares of all these deviations.

    Returns
    -------
    float
        At least 1. 1 of fewer than 24 stretches, and where the variance can't be told from that of
        independent values.
    """
    if len(sums) < _FEWEST_SUMS or squares <= 0:
        return 1.0
    excess = float((sums**2).sum()) / squares
    # The relative error of a variance of so many sums, twice.
    if excess <= 1.0 + 2.0 * np.sqrt(2.0 / len(sums)):
        excess = 1.0
    return excess * of_series(sums)


def effective(n: Floats, tau: Floats) -> Floats:
    """Return n / tau: how many independent records n dependent ones are worth."""
    return n / np.maximum(tau, 1.0)
