"""Pearson's chi-square test of homogeneity."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Kind
from exporter.drift.tests.contingency import ContingencyTest, expected
from exporter.records import Floats


class ChiSquare(ContingencyTest):
    """X^2 = sum of (observed - expected)^2 / expected (Pearson 1900).

    Equal to ``scipy.stats.chi2_contingency(correction=False)`` where no cell is rare.
    """

    name = "chi2"
    kinds: frozenset[Kind] = frozenset({"categorical", "numeric"})

    def statistic(self, ours: Floats, theirs: Floats) -> Floats:
        """Return X^2; see :class:`exporter.drift.tests.contingency.ContingencyTest`."""
        total = np.zeros(len(ours))
        for observed, share in zip((ours, theirs), expected(ours, theirs), strict=True):
            divisor = np.where(share > 0, share, 1.0)
            total += ((observed - share) ** 2 / divisor).sum(axis=1)
        return total
