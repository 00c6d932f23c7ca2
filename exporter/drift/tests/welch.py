"""Welch's t-test."""

from __future__ import annotations

import numpy as np

from exporter.drift.tests.protocol import Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


class WelchT:
    """Difference of the means, without assuming that the variances are equal.

    t = (mean - mean_ref) / sqrt(s^2 / n + s_ref^2 / m) with Welch's degrees of freedom (Welch
    1947); equal to ``scipy.stats.ttest_ind(window, reference, equal_var=False)``.

    Effect: D of two normal distributions of the reference's variance whose means differ as much, 2
    Phi(d / 2) - 1 with d = |mean - mean_ref| / s_ref (0.2 gives .080, 0.5 gives .197).
    """

    name = "t"
    adds_up = True

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        row = np.array([moments(values, tau)])
        ours = np.array([[reference.effective, reference.mean, reference.variance]])
        return self.from_moments(ours, row)[0]

    def from_moments(self, reference: Floats, window: Floats) -> Outcomes:
        """Compare columns of which only moments were kept.

        Parameters
        ----------
        reference, window
            float64[columns, 3]: number of values (at least 2), mean, variance (divisor n - 1).
        """
        # scipy takes longer to import than the rest of the program.
        from scipy.special import stdtr  # noqa: PLC0415

        (m, ours, reference_variance), (n, theirs, variance) = reference.T, window.T
        first, second = variance / n, reference_variance / m
        error = first + second
        difference = theirs - ours
        certain = error <= 0
        safe = np.where(certain, 1.0, error)
        spread = first**2 / (n - 1) + second**2 / (m - 1)
        freedom = safe**2 / np.where(certain, 1.0, spread)
        t = difference / np.sqrt(safe)
        # Constants differ or they do not.
        t = np.where(certain & (difference != 0), np.copysign(np.inf, difference), t)
        pvalue = np.where(certain, difference == 0, 2 * stdtr(freedom, -np.abs(t)))
        return Outcomes(t, pvalue, normal_distance(np.abs(difference), reference_variance))


def moments(values: Floats, tau: float) -> tuple[float, float, float]:
    """Return how many independent values there are, their mean and their variance.

    The mean of n values follows them as that of n / tau would, so that the squared deviations from
    it are those of n - tau: the divisor of the variance, n - 1 where tau is 1.
    """
    # Less than two are worth no variance.
    tau = min(tau, len(values) / 2)
    return len(values) / tau, float(values.mean()), float(values.var(ddof=tau))


def normal_distance(difference: Floats, variance: Floats) -> Floats:
    """Return D of two normal distributions of one variance, whose means differ by `difference`."""
    from scipy.special import erf  # noqa: PLC0415

    sd = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(difference > 0, difference / sd, 0.0)
    found: Floats = erf(shift / 8**0.5)
    return found
