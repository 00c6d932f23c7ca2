"""The two-sample Anderson-Darling test."""

from __future__ import annotations

import math

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests import limits
from exporter.drift.tests.ks import distances
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats

_LEVELS = np.array([0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001])
_CRITICAL = (
    np.array([0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085])
    + np.array([-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615])
    + np.array([-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154])
)
"""Scholz and Stephens, table 2, for two samples."""

_SQUARES_OF_WEIGHTS = (math.pi**2 - 9) / 3
_LIMIT_SD = math.sqrt(2 * _SQUARES_OF_WEIGHTS)
_FEW_VALUES = 1.1


class AndersonDarling(CountTest):
    """Squared distance between the distribution functions, with more weight in the tails.

    A2 with mid-ranks, standardised (Scholz and Stephens 1987, "K-sample Anderson-Darling tests",
    eq. 7 and 4); equal to ``scipy.stats.anderson_ksamp(variant="midrank")``.

    p for .001 <= p <= .25 is scipy's: a parabola through the logarithms of the table's levels.
    scipy has no other values, so that nothing is ever significant beside 20 other columns. Beyond
    the table p is that of the limit distribution (Anderson and Darling 1952; see
    :mod:`exporter.drift.tests.limits`), but never on the wrong side of the table's end.

    A column of few distinct values has fewer independent variables in A2, and the table rejects up
    to 11 % at a nominal 5 %. There p is at least that of a multiple of a chi-square variable with
    the same variance (Satterthwaite 1946).

    On counts all values of a cell are one tie. The test remains valid; of the tails it sees what
    the outermost cells show. Effect: D of the same cells.
    """

    name = "ad"
    kinds: frozenset[Kind] = frozenset({"numeric"})
    adds_up = True

    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:  # noqa: ARG002
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        ours, theirs = reference.astype(np.float64), counts.astype(np.float64)
        m, n = ours.sum(axis=1), theirs.sum(axis=1)
        total = m + n
        both = ours + theirs
        below = np.cumsum(both, axis=1) - both / 2
        weight = below * (total[:, None] - below) - total[:, None] * both / 4
        # Cells without records weigh nothing, nor does a single one that holds everything.
        weight = np.where(weight > 0, both / np.where(weight > 0, weight, 1.0), 0.0)
        squares_of_weights = _squares_of_weights(both, below, weight)
        deviation = total[:, None] * (np.cumsum(ours, axis=1) - ours / 2) - below * m[:, None]
        # What the reference has too much the window has too little.
        squares = (weight * deviation**2).sum(axis=1) / total
        a2 = squares * (1 / m + 1 / n) * (total - 1) / total
        statistic = (a2 - 1) / np.sqrt(_variance(m, n))
        pvalue = _pvalues(statistic)
        few = squares_of_weights > _FEW_VALUES * _SQUARES_OF_WEIGHTS
        if few.any():
            freedom = 1 / squares_of_weights[few]
            # scipy takes longer to import than the rest of the program.
            from scipy.special import chdtrc  # noqa: PLC0415

            pvalue[few] = np.maximum(pvalue[few], chdtrc(freedom, freedom * a2[few]))
        return Outcomes(statistic=statistic, pvalue=pvalue, effect=distances(reference, counts))

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        ours, theirs = reference.tabulate(values)
        return self.binned(ours / reference.tau, theirs / tau)[0]


def _pvalues(statistic: Floats) -> Floats:
    inside = np.clip(statistic, _CRITICAL[0], _CRITICAL[-1])
    levels = np.exp(np.polyval(np.polyfit(_CRITICAL, np.log(_LEVELS), 2), inside))
    limit = limits.anderson_darling(np.maximum(1 + statistic * _LIMIT_SD, 0.0))
    small = np.minimum(limit, _LEVELS[-1])
    found: Floats = np.where(
        statistic > _CRITICAL[-1],
        small,
        np.where(statistic < _CRITICAL[0], np.maximum(limit, _LEVELS[0]), levels),
    )
    return found


def _squares_of_weights(both: Floats, below: Floats, weight: Floats) -> Floats:
    """Return float64[columns], sum of w_j^2 of the chi-square variables that A2 is the sum of.

    The trace of the square of the matrix of sqrt(p_i p_j) c_ij / sqrt(v_i v_j), where c are the
    covariances of a Brownian bridge averaged over the cells, and v the variances.
    """
    total = both.sum(axis=1, keepdims=True)
    shares, middle = both / total, below / total
    # weight is p N / (N^2 v).
    scaled = weight * total
    earlier = np.cumsum(scaled * middle**2, axis=1) - scaled * middle**2
    found: Floats = (shares**2 + 2 * scaled * (1 - middle) ** 2 * earlier).sum(axis=1)
    return found


def _variance(m: Floats, n: Floats) -> Floats:
    """Return the variance of A2 without drift (Scholz and Stephens, eq. 4, two samples)."""
    # scipy takes longer to import than the rest of the program.
    from scipy.special import digamma, polygamma  # noqa: PLC0415

    total = np.maximum(m + n, 4.0)
    inverse = 1 / m + 1 / n
    # h is the sum of 1 / i for i < N, g the double sum of 1 / ((N - i) j) for i < j < N, which is
    # the sum of 1 / i^2 for i <= N less (H_N + H_(N-1)) / N.
    h = digamma(total) + np.euler_gamma
    g = math.pi**2 / 6 - polygamma(1, total + 1) - (2 * h + 1 / total) / total
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    found: Floats = (a * total**3 + b * total**2 + c * total + d) / (
        (total - 1) * (total - 2) * (total - 3)
    )
    return found
