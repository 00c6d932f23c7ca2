"""The G-test of homogeneity."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Kind
from exporter.drift.tests.contingency import ContingencyTest, expected
from exporter.records import Floats


class GTest(ContingencyTest):
    """G = 2 sum of observed ln(observed / expected), the likelihood ratio (Sokal, Rohlf 17.4).

    Equal to ``scipy.stats.chi2_contingency(correction=False, lambda_="log-likelihood")`` where no
    cell is rare. Which it is below 20: at 5 in each of 100 cells G rejects 10 % at a nominal 5 %.
    """

    name = "g"
    kinds: frozenset[Kind] = frozenset({"categorical"})
    min_expected = 20.0

    def statistic(self, ours: Floats, theirs: Floats) -> Floats:
        """Return G; see :class:`exporter.drift.tests.contingency.ContingencyTest`."""
        # scipy takes longer to import than the rest of the program.
        from scipy.special import xlogy  # noqa: PLC0415

        total = np.zeros(len(ours))
        for observed, share in zip((ours, theirs), expected(ours, theirs), strict=True):
            ratio = observed / np.where(share > 0, share, 1.0)
            total += 2 * xlogy(observed, ratio).sum(axis=1)
        return np.maximum(total, 0.0)
