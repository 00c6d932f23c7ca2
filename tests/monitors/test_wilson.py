from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from exporter.monitors import wilson


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_those_of_scipy(counts):
    """The 95 percent interval of the reference implementation."""
    successes, trials = counts
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson.interval(successes, trials) == pytest.approx(
        (expected.low, expected.high), rel=1e-9, abs=1e-12
    )


def test_bounds_stay_within_zero_and_one():
    """Rounding leads no bound outside, at either end."""
    for trials in range(1, 500):
        assert wilson.interval(0, trials)[0] == 0
        assert wilson.interval(trials, trials)[1] == 1
        for successes in (0, 1, trials - 1, trials):
            low, high = wilson.interval(successes, trials)
            assert 0 <= low <= successes / trials <= high <= 1


def test_another_confidence_level():
    """A larger z is a wider interval."""
    expected = binomtest(8, 10).proportion_ci(0.99, method="wilson")
    assert wilson.interval(8, 10, 2.5758293035489004) == pytest.approx(
        (expected.low, expected.high)
    )


def test_no_trials():
    """There is no share of nothing."""
    with pytest.raises(ZeroDivisionError):
        wilson.interval(0, 0)
