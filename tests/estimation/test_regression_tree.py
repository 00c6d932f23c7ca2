"""Regression trees beside scikit-learn's, and the search for leaves beside a walk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from exporter.estimation.regression_tree import DEPTH, LEAST_LEAF, Forest, Growth, Tree

SEEDS = st.integers(0, 2**32 - 1)


def grown(seed, records=1500):
    """Return a tree, the values that it was grown on (columns by row), target and weights."""
    random = np.random.default_rng(seed)
    bins = random.integers(0, 20, (3, records)).astype(np.uint8)
    target = np.abs(random.normal(0, 1 + bins[0] + 3.0 * (bins[1] > 12)))
    weight = random.integers(0, 3, records).astype(np.float64)
    thresholds = [np.arange(19, dtype=np.float64)] * 3
    return Growth(bins, thresholds, target).tree(weight), bins.astype(np.float64), target, weight


def walked(tree, record):
    """Return the leaf of one record."""
    position = leaf = 0

    def skip(position, leaf):
        node = tree.nodes[position]
        if node is None:
            return position + 1, leaf + 1
        return skip(*skip(position + 1, leaf))

    while (node := tree.nodes[position]) is not None:
        column, threshold = node
        position += 1
        if record[column] > threshold:
            position, leaf = skip(position, leaf)
    return leaf


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_tree_is_scikit_learns(seed):
    """With the same weights, depth and size of leaves."""
    tree, values, target, weight = grown(seed)
    kept = weight > 0
    peer = DecisionTreeRegressor(
        max_depth=DEPTH, min_weight_fraction_leaf=(LEAST_LEAF - 0.5) / weight.sum(), random_state=0
    ).fit(values.T[kept], target[kept], sample_weight=weight[kept])
    leaf = Forest([tree]).find(values)[0]
    # Records without weight may lie between the values that a split tells apart.
    found, expected = tree.mean[leaf], peer.predict(values.T)
    np.testing.assert_allclose(found[kept], expected[kept], rtol=1e-9)
    assert len(tree.mean) == peer.get_n_leaves() > 3


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_leaves_hold_the_moments_of_their_records(seed):
    """Weighted mean and variance, and the sum of the weights."""
    tree, values, target, weight = grown(seed)
    leaf = Forest([tree]).find(values)[0]
    total = np.bincount(leaf, weight)
    assert tree.weight.tolist() == total.tolist()
    assert total.min() >= LEAST_LEAF
    mean = np.bincount(leaf, weight * target) / total
    np.testing.assert_allclose(tree.mean, mean)
    variance = np.bincount(leaf, weight * (target - mean[leaf]) ** 2) / total
    np.testing.assert_allclose(tree.variance, variance)


@settings(max_examples=15, deadline=None)
@given(SEEDS, SEEDS)
def test_all_trees_at_once_find_what_a_walk_finds(first, second):
    """For known values, for infinite ones, and for those on a threshold."""
    trees = [grown(first)[0], Tree((None,), np.ones(1), np.ones(1), np.ones(1)), grown(second)[0]]
    forest = Forest(trees)
    random = np.random.default_rng(first)
    values = random.integers(-1, 21, (3, 50)) * 1.0
    values[:, :2] = [[-np.inf, np.inf]] * 3
    starts = np.cumsum([0, *(len(tree.mean) for tree in trees)])
    assert forest.leaves == starts[-1]
    expected = [
        [start + walked(tree, record) for record in values.T]
        for start, tree in zip(starts.tolist(), trees, strict=False)
    ]
    assert forest.find(values).tolist() == expected
    assert forest.find(values[:, :0]).shape == (3, 0)


def test_a_constant_target_gives_one_leaf():
    """Rounding is no reason to divide."""
    growth = Growth(np.arange(200, dtype=np.uint8)[None], [np.arange(199.0)], np.full(200, 0.1))
    tree = growth.tree(np.full(200, 2.0))
    assert tree.nodes == (None,)
    assert tree.mean.tolist() == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "a side of a split is missing"),
        (((0, 1.0), None), "a side of a split is missing"),
        ((None, None), "nodes below a leaf"),
        (((0, 1.0),) * (DEPTH + 1) + (None,) * (DEPTH + 2), "deeper than 8"),
    ],
)
def test_malformed_trees_are_refused(nodes, message):
    """A file may hold anything."""
    with pytest.raises(ValueError, match=message):
        Forest([Tree(nodes, np.ones(1), np.ones(1), np.ones(1))])
