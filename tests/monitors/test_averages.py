"""One figure over all classes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from exporter.monitors import averages

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def matrix_of(pairs, size=4):
    """Return counts [predicted, actual]."""
    matrix = np.zeros((size, size), dtype=np.int64)
    for predicted, actual in pairs:
        matrix[predicted, actual] += 1
    return matrix


@given(PAIRS)
def test_as_scikit_learn_has_them(pairs):
    """Whatever classes occur, on either side alone too."""
    predicted, actual = zip(*pairs, strict=True)
    found = averages.f1(matrix_of(pairs), 4)
    for average in ("macro", "micro", "weighted"):
        expected = metrics.f1_score(actual, predicted, average=average, zero_division=0)
        assert found[average] == pytest.approx(expected, abs=1e-12)
    with warnings.catch_warnings():
        # It warns of predicted classes that never are the actual one.
        warnings.simplefilter("ignore")
        balanced = metrics.balanced_accuracy_score(actual, predicted)
    assert averages.balanced_accuracy(matrix_of(pairs), 4) == pytest.approx(balanced, abs=1e-12)


def test_other_classes_are_no_class():
    """A hit among them may be none; a named class that was taken for one of them counts."""
    matrix = matrix_of([(0, 0), (1, 1), (2, 2), (2, 2), (2, 0)], size=3)
    assert averages.f1(matrix, 2) == pytest.approx(
        {"macro": (2 / 3 + 1) / 2, "micro": 4 / 5, "weighted": (2 * 2 / 3 + 1) / 3}
    )
    assert averages.balanced_accuracy(matrix, 2) == pytest.approx((1 / 2 + 1) / 2)


def test_nothing_of_nothing():
    """No figure where no named class occurs."""
    assert averages.f1(matrix_of([(2, 2)], size=3), 2) == {}
    assert averages.balanced_accuracy(matrix_of([(0, 2)], size=3), 2) is None
