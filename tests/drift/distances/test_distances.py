from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import entropy, wasserstein_distance

from exporter.drift import distances
from exporter.drift.binning import count, quantile_edges

CELLS = 6
ROW = st.lists(st.integers(0, 500), min_size=CELLS, max_size=CELLS).filter(lambda row: sum(row) > 0)
TABLE = st.lists(st.tuples(ROW, ROW), min_size=1, max_size=4)
ON_SHARES = (
    distances.hellinger,
    distances.jensen_shannon,
    distances.kullback_leibler,
    distances.l_infinity,
    distances.population_stability,
    distances.total_variation,
)


def split(table):
    """Return the counts of reference and window."""
    reference, counts = np.array(table).transpose(1, 0, 2)
    return reference, counts


def half_more(reference, counts):
    """Return shares with half a record added to each cell in use, of one column."""
    used = (reference + counts) > 0
    p, q = reference[used] + 0.5, counts[used] + 0.5
    return p / p.sum(), q / q.sum()


@given(TABLE)
def test_distances_are_scipys(table):
    """Column by column; the logarithmic ones after smoothing."""
    reference, counts = split(table)
    for column, (ours, theirs) in enumerate(zip(reference, counts, strict=True)):
        p, q = ours / ours.sum(), theirs / theirs.sum()
        smooth, other = half_more(ours, theirs)
        expected = {
            distances.hellinger: distance.euclidean(np.sqrt(p), np.sqrt(q)) / np.sqrt(2),
            distances.jensen_shannon: distance.jensenshannon(p, q, base=2),
            distances.kullback_leibler: entropy(other, smooth),
            distances.l_infinity: distance.chebyshev(p, q),
            distances.population_stability: entropy(other, smooth) + entropy(smooth, other),
            distances.total_variation: distance.cityblock(p, q) / 2,
        }
        for function, value in expected.items():
            found = function(reference, counts)[column]
            # scipy takes the root of a rounding error for equal shares.
            tolerance = 1e-7 if function is distances.jensen_shannon else 1e-12
            assert found == pytest.approx(np.nan_to_num(value), rel=1e-9, abs=tolerance)


@given(TABLE, st.lists(st.integers(1, 50), min_size=CELLS, max_size=CELLS))
def test_wasserstein_is_scipys(table, steps):
    """Of the cells' centres, in standard deviations."""
    reference, counts = split(table)
    positions = np.cumsum(steps).astype(float)
    rows = np.tile(positions, (len(reference), 1))
    found = distances.wasserstein(reference, counts, rows, np.full(len(reference), 2.5))
    for column, (ours, theirs) in enumerate(zip(reference, counts, strict=True)):
        expected = wasserstein_distance(positions, positions, ours, theirs) / 2.5
        assert found[column] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("function", ON_SHARES)
def test_equal_shares_have_no_distance_and_others_do(function):
    """Whatever the number of records; empty cells change nothing."""
    reference, counts = np.array([[100, 300, 600, 0]]), np.array([[10, 30, 60, 0]])
    assert function(reference, counts)[0] == pytest.approx(0, abs=1e-3)
    moved = np.array([[30, 30, 40, 0]])
    assert function(reference, moved)[0] > 0.01
    assert function(reference[:, :3], moved[:, :3])[0] == function(reference, moved)[0]


@pytest.mark.parametrize(
    "function",
    [
        distances.hellinger,
        distances.jensen_shannon,
        distances.l_infinity,
        distances.total_variation,
    ],
)
def test_nothing_in_common_is_a_distance_of_one(function):
    """The largest there is."""
    assert function(np.array([[50, 0]]), np.array([[0, 7]]))[0] == pytest.approx(1)


@pytest.mark.parametrize("function", [distances.kullback_leibler, distances.population_stability])
def test_an_empty_cell_makes_no_infinite_distance(function):
    """One record of a category that the reference lacks is next to nothing."""
    alone = function(np.array([[5_000, 5_000, 0]]), np.array([[250, 249, 1]]))[0]
    assert 0 < alone < 0.02


@pytest.mark.parametrize("n", [200, 2_000])
def test_the_noise_floor_is_the_mean_psi_without_drift(n):
    """Ten cells at the quantiles of the reference, 400 windows of fresh references."""
    random = np.random.default_rng(5)
    reference, counts = [], []
    for _ in range(400):
        values = np.sort(random.normal(size=5_000))
        edges = quantile_edges(values, 10)
        reference.append(count(values, edges))
        counts.append(count(random.normal(size=n), edges))
    table = np.array(reference), np.array(counts)
    found = distances.population_stability(*table)
    floor = distances.noise_floor(*table)
    assert floor[0] == pytest.approx(9 * (1 / n + 1 / 5_000))
    assert found.mean() == pytest.approx(floor.mean(), rel=0.15)
    assert distances.noise_floor(*table, tau=4.0)[0] == pytest.approx(4 * floor[0])


def test_the_binned_wasserstein_distance_is_near_that_of_the_values():
    """A shift of half a standard deviation, a hundred cells."""
    random = np.random.default_rng(6)
    values, window = np.sort(random.normal(10, 2, 10_000)), random.normal(11, 2, 5_000)
    edges = quantile_edges(values)
    positions = distances.centres(edges, values[0], values[-1])
    std = values.std(ddof=1)
    found = distances.wasserstein(
        count(values, edges)[None, :],
        count(window, edges)[None, :],
        positions[None, :],
        np.array([std]),
    )
    assert found[0] == pytest.approx(wasserstein_distance(values, window) / std, abs=0.02)


def test_a_constant_reference_is_at_no_or_at_infinite_distance():
    """In standard deviations of nothing."""
    reference, counts = np.array([[9, 0], [9, 0]]), np.array([[4, 0], [3, 1]])
    found = distances.wasserstein(reference, counts, np.array([[1.0, 2.0]] * 2), np.zeros(2))
    assert found.tolist() == [0.0, np.inf]


def test_a_column_without_edges_has_one_centre():
    """Nothing to move between."""
    assert distances.centres(np.empty(0), 1.0, 3.0).tolist() == [2.0]
