"""The two-sample Cramer-von Mises test."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests import limits
from exporter.drift.tests.ks import distances
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


class CramerVonMises(CountTest):
    """Squared distance between the distribution functions, over all values.

    T = U / (n m N) - (4 n m - 1) / (6 N), N = n + m, with U = m sum of a^2 + n sum of b^2: a is how
    many values of the window lie below a value of the reference, b how many of the reference below
    one of the window; p from the limit of the normalised T (Anderson 1962, "On the distribution of
    the two-sample Cramer-von Mises criterion"). Without ties equal to
    ``scipy.stats.cramervonmises_2samp(method="asymptotic")``, but precise also where that one ends.

    With ties T is the mean over all ways of breaking them, and the test errs on the safe side.
    scipy's mid-ranks make T grow with the ties: columns of small integers are then always
    significant, drift or not. On counts all values of a cell are one tie. Effect: D of the same
    cells.
    """

    name = "cvm"
    kinds: frozenset[Kind] = frozenset({"numeric"})
    adds_up = True

    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:  # noqa: ARG002
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        ours, theirs = reference.astype(np.float64), counts.astype(np.float64)
        m, n = ours.sum(axis=1), theirs.sum(axis=1)
        total, product = m + n, m * n
        squares = m * _squares_below(ours, theirs) + n * _squares_below(theirs, ours)
        statistic = squares / (product * total) - (4 * product - 1) / (6 * total)
        expectation = (1 + 1 / total) / 6
        variance = (total + 1) * (4 * product * total - 3 * (m**2 + n**2) - 2 * product)
        # Two samples of a single value each have no variance.
        variance = np.maximum(variance / (45 * total**2 * 4 * product), np.finfo(np.float64).tiny)
        normal = 1 / 6 + (statistic - expectation) / np.sqrt(45 * variance)
        return Outcomes(
            statistic=statistic,
            pvalue=limits.cramer_von_mises(normal),
            effect=distances(reference, counts),
        )

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        ours, theirs = reference.tabulate(values)
        return self.binned(ours / reference.tau, theirs / tau)[0]


def _squares_below(values: Floats, others: Floats) -> Floats:
    """Return float64[columns], the sum over all values of (how many others lie below)^2.

    In a cell of f values and g others, before which there are s others, each order being as likely,
    the sum over the values has the expectation f s^2 + f g s + f g (2 g + 1) / 6.
    """
    before = np.cumsum(others, axis=1) - others
    inside = others * before + others * (2 * others + 1) / 6
    found: Floats = (values * (before**2 + inside)).sum(axis=1)
    return found
