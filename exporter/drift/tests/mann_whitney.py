"""The Mann-Whitney U test."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests.ks import distances
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


class MannWhitney(CountTest):
    """Whether values of the window tend to be larger, or smaller, than those of the reference.

    U = sum over the pairs of window and reference of [window > reference] + [equal] / 2;
    z = (|U - n m / 2| - 1/2) / sd with the correction for ties, p two-sided from the normal
    distribution (Mann and Whitney 1947; Hollander and Wolfe 1999, 4.1). Equal to
    ``scipy.stats.mannwhitneyu(window, reference, method="asymptotic")``.

    It sees shifts, and is blind to a change of spread alone. On counts all values of a cell are one
    tie: the test remains valid, and U / (n m) is off by at most half the sum of p q, the shares of
    the cells that are no atoms, which at 100 cells of the reference is half a hundredth.
    Effect: D of the same cells.
    """

    name = "mwu"
    kinds: frozenset[Kind] = frozenset({"numeric"})
    adds_up = True

    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:  # noqa: ARG002
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        # scipy takes longer to import than the rest of the program.
        from scipy.special import ndtr  # noqa: PLC0415

        ours, theirs = reference.astype(np.float64), counts.astype(np.float64)
        m, n = ours.sum(axis=1), theirs.sum(axis=1)
        total = m + n
        u = (theirs * (np.cumsum(ours, axis=1) - ours / 2)).sum(axis=1)
        both = ours + theirs
        ties = (both**3 - both).sum(axis=1)
        variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
        excess = np.abs(u - n * m / 2) - 0.5
        # Without variance all values are equal.
        z = excess / np.sqrt(np.where(variance > 0, variance, 1.0))
        pvalue = np.where(variance > 0, np.minimum(2 * ndtr(-z), 1.0), 1.0)
        return Outcomes(statistic=u, pvalue=pvalue, effect=distances(reference, counts))

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        ours, theirs = reference.tabulate(values)
        return self.binned(ours / reference.tau, theirs / tau)[0]
