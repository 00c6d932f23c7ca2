"""One-way analysis of variance over the sub-windows of a window, and Levene's ratio beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exporter.drift.tests.protocol import Outcome
from exporter.drift.tests.sample import Sample
from exporter.drift.tests.welch import moments, normal_distance
from exporter.records import Floats

PARTS = 20


class Anova:
    """Whether reference and sub-windows have one mean, if all have one variance.

    F of the groups reference, sub-window 1, …, sub-window k (Fisher 1925); equal to
    ``scipy.stats.f_oneway``. A diagnostic: it also sees a mean that wanders within the window, but
    it fires on a change of variance alone, and nearly always on autocorrelated traffic. A t-test
    has more power for a lasting shift.

    Effect: D of two normal distributions of the reference's variance as far apart as the means of
    the sub-windows are from the reference's (root mean square, less what chance adds).
    """

    name = "anova"
    adds_up = True

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        return self.from_moments(groups_of(reference, values, tau))

    def from_moments(self, groups: Floats) -> Outcome:
        """Compare groups of which only moments were kept.

        Parameters
        ----------
        groups
            float64[groups, 3]: number of values (at least 2), mean, variance (divisor n - 1). The
            first one is the reference.
        """
        # scipy takes longer to import than the rest of the program.
        from scipy.special import fdtrc  # noqa: PLC0415

        n, mean, variance = groups.T
        total, freedom = n.sum(), len(groups) - 1
        between = float((n * (mean - (n * mean).sum() / total) ** 2).sum())
        within = float(((n - 1) * variance).sum())
        if within <= 0:
            return _of_constants(groups)
        statistic = between / freedom / (within / (total - len(groups)))
        pvalue = float(fdtrc(freedom, total - len(groups), statistic))
        return Outcome(float(statistic), pvalue, _effect(groups))


class WelchAnova:
    """Whether reference and sub-windows have one mean, whatever their variances.

    Welch (1951), "On the comparison of several mean values"; equal to
    ``scipy.stats.f_oneway(equal_var=False)``. Groups and effect are those of :class:`Anova`.
    """

    name = "welch_anova"
    adds_up = True

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        return self.from_moments(groups_of(reference, values, tau))

    def from_moments(self, groups: Floats) -> Outcome:
        """Compare groups; see :meth:`Anova.from_moments`."""
        from scipy.special import fdtrc  # noqa: PLC0415

        n, mean, variance = groups.T
        if (variance <= 0).any():
            # A constant group would weigh infinitely: its mean is not known that well.
            return Anova().from_moments(groups)
        k = len(groups)
        weight = n / variance
        share = weight / weight.sum()
        numerator = (weight * (mean - (share * mean).sum()) ** 2).sum() / (k - 1)
        imbalance = ((1 - share) ** 2 / (n - 1)).sum()
        statistic = numerator / (1 + 2 * (k - 2) / (k**2 - 1) * imbalance)
        freedom = (k**2 - 1) / (3 * imbalance)
        return Outcome(float(statistic), float(fdtrc(k - 1, freedom, statistic)), _effect(groups))


@dataclass(frozen=True, slots=True)
class Spread:
    """How the spread of a window differs from the reference's.

    Attributes
    ----------
    ratio
        Variance of the window over that of the reference; infinite if only the latter is 0.
    statistic, pvalue
        Levene's W around the medians (Brown and Forsythe 1974), ``scipy.stats.levene``. With a
        large reference any trifle is significant: look at the ratio.
    """

    ratio: float
    statistic: float
    pvalue: float


def levene(reference: Sample, values: Floats, tau: float = 1.0) -> Spread:
    """Compare the spread of at least two values with the reference's."""
    theirs = np.abs(values - np.median(values))
    groups = np.array([(reference.effective, *reference.deviations), moments(theirs, tau)])
    found = Anova().from_moments(groups)
    variance = float(values.var(ddof=1))
    if reference.variance > 0:
        ratio = variance / reference.variance
    else:
        ratio = np.inf if variance > 0 else 1.0
    return Spread(ratio=ratio, statistic=found.statistic, pvalue=found.pvalue)


def groups_of(reference: Sample, values: Floats, tau: float = 1.0) -> Floats:
    """Return the moments of the reference and of sub-windows, see :meth:`Anova.from_moments`."""
    # Every part needs a variance of its own.
    parts = np.array_split(values, max(1, min(PARTS, int(len(values) / tau) // 2)))
    return np.array(
        [
            (reference.effective, reference.mean, reference.variance),
            *(moments(part, tau) for part in parts),
        ]
    )


def _of_constants(groups: Floats) -> Outcome:
    equal = bool((groups[:, 1] == groups[0, 1]).all())
    return Outcome(0.0, 1.0, 0.0) if equal else Outcome(np.inf, 0.0, _effect(groups))


def _effect(groups: Floats) -> float:
    (_, mean, variance), (n, means, _) = groups[0], groups[1:].T
    squared = float((n * (means - mean) ** 2).sum() / n.sum() - len(n) * variance / n.sum())
    difference = np.array([max(squared, 0.0) ** 0.5])
    return float(normal_distance(difference, np.array([variance]))[0])
