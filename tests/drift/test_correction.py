from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.drift.correction import CORRECTIONS, holm


def test_holm_equals_an_established_implementation():
    """Values of statsmodels 0.15.0, ``multipletests(method="holm")``."""
    for raw, adjusted in (
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.6, 0.001, 0.001, 0.2, 0.9, 0.04], [1.0, 0.006, 0.006, 0.6, 1.0, 0.16]),
    ):
        assert holm(np.array(raw)).tolist() == pytest.approx(adjusted, rel=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(pvalues):
    """Closed testing: adjusted p_i = max over all sets S that hold i of |S| min p in S."""
    positions = range(len(pvalues))
    expected = [
        max(
            min(1.0, size * min(pvalues[j] for j in subset))
            for size in range(1, len(pvalues) + 1)
            for subset in combinations(positions, size)
            if i in subset
        )
        for i in positions
    ]
    assert holm(np.array(pvalues)).tolist() == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_values_keep_the_order_and_never_fall(pvalues):
    """Correction only raises p-values, up to 1."""
    raw = np.array(pvalues)
    adjusted = holm(raw)
    assert (adjusted >= raw).all()
    assert (adjusted <= 1).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_no_correction_changes_nothing():
    """`correction: none` exposes the p-values themselves."""
    assert CORRECTIONS["none"](np.array([0.2, 0.01])).tolist() == [0.2, 0.01]
