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


def none(pvalues: Floats) -> Floats:
    """Return the p-values as they are."""
    return pvalues


CORRECTIONS: Mapping[str, Callable[[Floats], Floats]] = {"holm": holm, "none": none}
"""By the value of `correction` in the configuration."""
