"""The distribution of Kolmogorov's statistic for finite n, many columns at a time.

The distribution is that of ``scipy.stats.kstwo``, region by region of Simard and L'Ecuyer (2011),
"Computing the two-sided Kolmogorov-Smirnov distribution". scipy computes one value after the other,
and takes 5 ms for one in the tail at n = 5,000; here whole arrays are summed.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from exporter.records import Floats

_SMALL = 140
_TAIL, _BEYOND = 2.2, 370.0
_CENTRE = 1.4
"""Below n d^1.5 = 1.4 Pelz and Good's expansion may be off in the tenth digit."""


def pvalues(n: Floats, distance: Floats) -> Floats:
    """Return P(D_n >= distance).

    Parameters
    ----------
    n
        float64[columns], whole numbers of at least 1.
    distance
        float64[columns], in 0..1.
    """
    square = n * distance**2
    found = np.zeros(len(n))
    open_ = square < _BEYOND
    exact = open_ & ((n <= _SMALL) | (distance >= 0.5) | (n * distance**1.5 <= _CENTRE))
    tail = open_ & ~exact & (square >= _TAIL)
    body = open_ & ~exact & ~tail
    if exact.any():
        # scipy takes longer to import than the rest of the program.
        from scipy.stats import kstwo  # noqa: PLC0415

        found[exact] = kstwo.sf(distance[exact], n[exact])
    for column in np.flatnonzero(tail):
        found[column] = 2.0 * one_sided(int(n[column]), float(distance[column]))
    if body.any():
        found[body] = 1.0 - _pelz_good(n[body], distance[body])
    return np.clip(found, 0.0, 1.0)


def one_sided(n: int, distance: float) -> float:
    """Return P(D_n^+ >= distance), Smirnov's finite sum; `distance` in (0, 1).

    d sum over j <= n (1 - d) of C(n, j) (d + j / n)^(j - 1) (1 - d - j / n)^(n - j)
    (Birnbaum and Tingey 1951).
    """
    j = np.arange(math.floor(n * (1.0 - distance)) + 1, dtype=np.float64)
    above = 1.0 - distance - j / n
    if above[-1] <= 0.0:
        j, above = j[:-1], above[:-1]
    logs = _log_binomials(n)[: len(j)] + (j - 1.0) * np.log(distance + j / n)
    logs += (n - j) * np.log(above)
    return distance * float(np.exp(logs).sum())


@lru_cache(maxsize=8)
def _log_binomials(n: int) -> Floats:
    from scipy.special import gammaln  # noqa: PLC0415

    factorials: Floats = gammaln(np.arange(n + 1, dtype=np.float64) + 1.0)
    found: Floats = factorials[-1] - factorials - factorials[::-1]
    return found


def _pelz_good(n: Floats, distance: Floats) -> Floats:
    """Return P(D_n <= distance) by Pelz and Good (1976), to the order n^-1.5."""
    z = np.sqrt(n) * distance
    z2, z4 = z**2, z**4
    z6 = z**6
    pi2 = math.pi**2
    terms = np.arange(1, math.ceil(16 * float(z.max()) / math.pi) + 1)[:, None]
    odd2 = (2.0 * terms - 1.0) ** 2
    weight = np.exp(-pi2 / 8 / z2 * odd2)
    # Sums over the odd integers of weight times their even powers.
    s0, s2, s4, s6 = (
        np.asarray((weight * odd2**power).sum(axis=0), dtype=np.float64) for power in range(4)
    )
    first = s0 / z
    second = (-z2 * s0 + pi2 / 4 * s2) / (6 * z4)
    third = (
        (6 * z6 + 2 * z4) * s0 + (2 * z4 - 5 * z2) * pi2 / 4 * s2 + pi2**2 * (1 - 2 * z2) / 16 * s4
    ) / (72 * z**7)
    fourth = (
        (-30 * z6 - 90 * z**8) * s0
        + pi2 * (135 * z4 - 96 * z6) / 4 * s2
        + pi2**2 * (-60 * z2 + 212 * z4) / 16 * s4
        + pi2**3 * (5 - 30 * z2) / 64 * s6
    ) / (6480 * z**10)
    all2 = (terms * 1.0) ** 2
    weight = np.exp(-pi2 / 2 / z2 * all2)
    third -= pi2 / (36 * z**3) * (all2 * weight).sum(axis=0)
    fourth += pi2 / (216 * z6) * ((3 * z2 - pi2 * all2) * all2 * weight).sum(axis=0)
    total = first + second / np.sqrt(n) + third / n + fourth / n**1.5
    distribution: Floats = math.sqrt(2 * math.pi) * total
    return distribution
