"""The two-sample Cramer-von Mises test."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Counts, Kind
from exporter.drift.tests import limits
from exporter.drift.tests.ks import distances
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


class CramerVonMises(CountTest):
    """Squared distance between the distribution functions, over all values.

    T = U / (n m N) - (4 n m - 1) / (6 N), N = n + m, with U = m sum of (r_i - i)^2 + n sum of
    (s_j - j)^2 over the mid-ranks r and s of reference and window among all N; p from the limit of
    the normalised T (Anderson 1962, "On the distribution of the two-sample Cramer-von Mises
    criterion"). Equal to ``scipy.stats.cramervonmises_2samp(method="asymptotic")``, but precise
    also where that one ends (p < 1e-15).

    On counts all values of a cell are one tie. The test remains valid and loses a little power.
    Effect: D of the same cells.
    """

    name = "cvm"
    kinds: frozenset[Kind] = frozenset({"numeric"})

    def binned(self, reference: Counts, counts: Counts) -> Outcomes:
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        ours, theirs = reference.astype(np.float64), counts.astype(np.float64)
        m, n = ours.sum(axis=1), theirs.sum(axis=1)
        total, product = m + n, m * n
        both = ours + theirs
        midrank = np.cumsum(both, axis=1) - (both - 1) / 2
        squares = m * _deviations(ours, midrank) + n * _deviations(theirs, midrank)
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

    def exact(self, reference: Sample, values: Floats) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        return self.binned(*reference.tabulate(values))[0]


def _deviations(counts: Floats, midrank: Floats) -> Floats:
    # The ranks i within one cell are consecutive, and all face the same mid-rank.
    middle = np.cumsum(counts, axis=1) - (counts - 1) / 2
    spread = (counts**3 - counts) / 12
    found: Floats = (counts * (midrank - middle) ** 2 + spread).sum(axis=1)
    return found
