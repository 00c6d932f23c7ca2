"""Corrections of p-values for the number of tests made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from exporter.records import Floats


def holm(pvalues: Floats) -> Floats:
    """Return Holm's adjusted p-values: all at most alpha with probability at most alpha.

    With p_(1) <= … <= p_(k): adjusted p_(i) = max over j <= i of min(1, (k - j + 1) p_(j))
    (Holm 1979, "A simple sequentially rejective multiple test procedure"). Holds whatever the
    dependence between the tests.

    Parameters
    ----------
    pvalues
        float64[k], in any order.
    """
    order = np.argsort(pvalues, kind="stable")
    factors = np.arange(len(pvalues), 0, -1)
    adjusted = np.empty(len(pvalues))
    adjusted[order] = np.minimum(np.maximum.accumulate(pvalues[order] * factors), 1.0)
    return adjusted


def bonferroni(pvalues: Floats) -> Floats:
    """Return k p, at most 1: as :func:`holm`, and never less than that.

    Source: Dunn (1961), Multiple comparisons among means, JASA 56.
    """
    return np.minimum(pvalues * len(pvalues), 1.0)


def benjamini_hochberg(pvalues: Floats) -> Floats:
    """Return adjusted p-values by which a share of at most alpha of all alarms is false.

    With p_(1) <= … <= p_(k): adjusted p_(i) = min over j >= i of min(1, k p_(j) / j) (Benjamini
    and Hochberg 1995, "Controlling the false discovery rate"). Holds for tests that are
    independent or depend on each other positively. Where nothing drifts, the probability of any
    alarm is at most alpha as well.

    Parameters
    ----------
    pvalues
        float64[k], in any order.
    """
    order = np.argsort(pvalues, kind="stable")[::-1]
    factors = len(pvalues) / np.arange(len(pvalues), 0, -1)
    adjusted = np.empty(len(pvalues))
    adjusted[order] = np.minimum(np.minimum.accumulate(pvalues[order] * factors), 1.0)
    return adjusted


def none(pvalues: Floats) -> Floats:
    """Return the p-values as they are."""
    return pvalues


CORRECTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "holm": holm,
    "bonferroni": bonferroni,
    "benjamini-hochberg": benjamini_hochberg,
    "none": none,
}
"""By the value of `correction` in the configuration."""
