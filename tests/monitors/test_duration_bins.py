from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.monitors.duration_bins import BINS, QUANTILES, RELATIVE_ERROR, bins_of, quantile

SLACK = 1e-9  # Rounding of the logarithm at the edge of a bin.


def counts(seconds):
    """Return the counts of all bins."""
    return np.bincount(bins_of(np.array(seconds, dtype=float)), minlength=BINS)


@settings(max_examples=300)
@given(st.lists(st.floats(1e-5, 1e4), min_size=1, max_size=60), st.sampled_from(QUANTILES))
def test_a_quantile_is_within_the_stated_relative_error(seconds, q):
    """Against the exact order statistic, for any values between 10 us and 10,000 s."""
    exact = float(np.quantile(seconds, q, method="lower"))
    assert quantile(counts(seconds), q) == pytest.approx(exact, rel=RELATIVE_ERROR + SLACK)


@given(st.floats(1e-5, 1e4))
def test_a_single_latency_is_every_quantile(seconds):
    """With one value there is nothing to choose."""
    for q in (0.0, *QUANTILES, 1.0):
        assert quantile(counts([seconds]), q) == pytest.approx(seconds, rel=RELATIVE_ERROR + SLACK)


def test_latencies_beyond_the_range_are_held_at_its_ends():
    """Zero, nanoseconds and days are counted, as the shortest and the longest."""
    assert bins_of(np.array([0.0, 1e-9, 1e-5])).tolist() == [0, 0, 0]
    assert quantile(counts([0.0]), 0.5) <= 1e-5
    assert quantile(counts([1e7]), 0.5) == pytest.approx(1e4, rel=3 * RELATIVE_ERROR)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_bins_keep_the_order(seconds):
    """A longer latency is never in a lower bin."""
    assert (np.diff(bins_of(np.sort(np.array(seconds)))) >= 0).all()
