from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.drift.binning import count, quantile_edges


def test_a_continuous_column_is_cut_at_its_percentiles():
    """Every bin holds the same share of the reference."""
    values = np.sort(np.random.default_rng(0).normal(size=10_000))
    edges = quantile_edges(values)
    assert len(edges) == 99
    assert count(values, edges).tolist() == [100] * 100


def test_edges_are_the_order_statistics_of_the_percentiles():
    """The edge of share i / bins is the smallest value that at least so many do not exceed."""
    assert quantile_edges(np.arange(1.0, 11.0), bins=4).tolist() == [3.0, 5.0, 8.0]


def test_a_column_of_few_values_gets_a_bin_for_each():
    """Whatever lies between, below or above them falls into a bin that the reference left empty."""
    values = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 7.0])
    edges = quantile_edges(values)
    assert count(values, edges).tolist() == [0, 2, 0, 3, 0, 1, 0]
    assert count(np.array([-1.0, 0.5, 6.999, 8.0]), edges).tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_a_frequent_value_of_a_continuous_column_gets_a_bin_of_its_own():
    """A third of exact zeros does not blur into the values beside them."""
    continuous = np.random.default_rng(0).normal(size=2_000)
    values = np.sort(np.concatenate((continuous, np.zeros(1_000))))
    edges = quantile_edges(values)
    counts = count(values, edges)
    assert counts[np.searchsorted(edges, 0.0)] == 1_000
    assert counts[np.searchsorted(edges, 1e-9)] > 0


def test_a_constant_column_has_an_exact_bin():
    """A change to either side is seen."""
    values = np.full(50, 3.25)
    edges = quantile_edges(values)
    assert count(values, edges).tolist() == [0, 50, 0]
    assert count(np.array([3.0, 3.5]), edges).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 5e-324, -5e-324, 2.3e-308, 1.7976931348623157e308, -1.7976931348623157e308]
)
def test_edges_at_the_ends_of_the_number_range_are_finite_and_normal(value):
    """Subnormal edges would be read as 0 where a library was compiled with -ffast-math."""
    edges = quantile_edges(np.full(3, value))
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()
    assert count(np.full(3, value), edges).max() == 3


def test_no_values_need_no_edges():
    """An empty column has one bin, which is empty."""
    edges = quantile_edges(np.empty(0))
    assert edges.tolist() == []
    assert count(np.empty(0), edges).tolist() == [0]


@given(
    st.lists(
        st.floats(-10, 10, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 2.0]),
        min_size=1,
        max_size=300,
    ),
    st.integers(2, 20),
)
def test_bins_are_ascending_bounded_in_number_and_even(values, bins):
    """No bin but an atom's holds twice its share: its own, and ties of its upper edge."""
    ordered = np.sort(np.array(values))
    edges = quantile_edges(ordered, bins)
    assert (np.diff(edges) > 0).all()
    assert len(edges) <= 2 * bins
    counts = count(ordered, edges)
    assert counts.sum() == len(ordered)
    share = len(ordered) / bins
    for cell in np.flatnonzero(counts >= np.ceil(share) + share).tolist():
        inside = ordered[np.searchsorted(edges, ordered, side="left") == cell]
        assert len(set(inside.tolist())) == 1
