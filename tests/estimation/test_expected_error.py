"""The mean absolute error to expect of predictions, from the leaves that they fall into."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.regression_tree import Tree
from tests.estimation.regression_logs import read


def tree(nodes, mean, variance, weight):
    """Return a tree."""
    return Tree(nodes, *(np.array(column, dtype=np.float64) for column in (mean, variance, weight)))


def expected_error():
    """Return two trees, one that divides by x and one that divides by kind."""
    return ExpectedError(
        1000,
        3.0,
        (Input("kind", ("a", "b"), None), Input("x", None, 1.0)),
        (
            tree(((1, 5.0), None, None), [1, 5], [4, 9], [400, 100]),
            tree(((0, 0.5), None, None), [2, 3], [1, 16], [300, 200]),
        ),
    )


def test_leaves_of_records():
    """Missing kinds count as the lowest; a missing x as 1."""
    batch = read(
        [
            {"prediction": 1, "features": {"x": 6, "kind": "a"}},
            {"prediction": 1, "features": {"x": 5, "kind": "b"}},
            {"prediction": 1, "features": {"x": None, "kind": "c"}},
            {"prediction": 1},
        ]
    )
    assert expected_error().leaves(batch).tolist() == [[1, 0, 0, 0], [2, 3, 2, 2]]


def test_the_estimate_is_the_mean_over_trees_and_its_band_holds_three_variances():
    """That of the predictions themselves, of what was learned, and between the trees."""
    counts = np.array([30, 10, 20, 20], dtype=np.int32)
    mean, low, high = expected_error().estimate(counts)
    by_tree = [(30 * 1 + 10 * 5) / 40, (20 * 2 + 20 * 3) / 40]
    assert mean == pytest.approx(sum(by_tree) / 2)
    sampling = ((30 * 4 + 10 * 9) + (20 * 1 + 20 * 16)) / 2 / 40**2
    learned = (0.75**2 * 4 / 400 + 0.25**2 * 9 / 100 + 0.5**2 * 1 / 300 + 0.5**2 * 16 / 200) / 2
    half = 1.96 * np.sqrt(sampling + learned + np.var(by_tree, ddof=1))
    assert (mean - low, high - mean) == pytest.approx((half, half), rel=1e-4)


def test_no_error_is_below_zero():
    """Neither is the lower end of a band."""
    counts = np.array([1, 0, 1, 0])
    mean, low, _ = expected_error().estimate(counts)
    assert (mean, low) == (1.5, 0)


def test_the_sum_of_expected_errors():
    """With the number of the predictions behind it."""
    assert expected_error().total(np.array([30, 10, 20, 20])) == (40, (80 + 100) / 2)
