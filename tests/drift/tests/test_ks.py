from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstwobign

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.tests import TESTS

KS = TESTS["ks"]


def column(values):
    """Profile values as the reference build does."""
    ordered = np.sort(values)
    edges = quantile_edges(ordered)
    return NumericColumn(
        "x", len(values), 0, edges, count(ordered, edges), Moments(None, None, None, None), ordered
    )


def outcome(reference, window):
    """Test raw values at the bins of the reference."""
    profiled = column(np.array(reference, dtype=float))
    return KS.evaluate(profiled, count(np.array(window, dtype=float), profiled.edges))


def test_the_distance_of_two_small_samples_by_hand():
    """At 1 the reference has 1/4 below or equal, the window 3/4."""
    found = outcome([1, 2, 3, 4], [0, 1, 1, 4])
    assert found.statistic == 0.5
    assert found.effect == 0.5
    assert found.pvalue == pytest.approx(kstwobign.sf(np.sqrt(4 * 4 / 8) * 0.5), rel=1e-12)


def test_equal_samples_have_no_distance():
    """The p-value is then 1."""
    found = outcome(range(50), range(50))
    assert (found.statistic, found.pvalue) == (0.0, 1.0)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-3, 8), min_size=1, max_size=200),
    st.lists(
        st.integers(-5, 12) | st.floats(-4, 10, allow_subnormal=False), min_size=1, max_size=200
    ),
)
def test_the_distance_is_exact_where_every_value_is_an_atom(reference, window):
    """With at most 100 distinct values the bins lose nothing, not even of values in between."""
    shares = [
        np.searchsorted(np.sort(values), [*reference, *window], side="right") / len(values)
        for values in (reference, window)
    ]
    expected = np.abs(shares[0] - shares[1]).max()
    assert outcome(reference, window).statistic == pytest.approx(expected, abs=1e-12)


def test_the_p_value_is_close_to_scipys_on_raw_values():
    """Of an integer column: scipy's refinement for finite n only ever lowers it a little."""
    random = np.random.default_rng(1)
    reference, window = random.poisson(6, 10_000), random.poisson(6.2, 2_000)
    expected = ks_2samp(reference, window, method="asymp").pvalue
    found = outcome(reference, window).pvalue
    assert expected <= found <= 1.1 * expected
    assert 1e-4 < expected < 0.1


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3])
def test_bins_understate_the_distance_of_continuous_values_by_less_than_one_bin(shift):
    """So a binned p-value is never smaller than that of the raw values."""
    random = np.random.default_rng(2)
    for _ in range(20):
        reference, window = random.normal(size=5_000), random.normal(shift, 1, 700)
        exact = ks_2samp(reference, window, method="asymp").statistic
        binned = outcome(reference, window).statistic
        assert exact - 0.01 - 1e-12 <= binned <= exact + 1e-12


def test_a_constant_reference_sees_every_other_value():
    """Also one that lies below it, which an edge at the value alone would miss."""
    assert outcome([2.5] * 300, [2.4] * 300).statistic == 1.0
    assert outcome([2.5] * 300, [2.6] * 300).statistic == 1.0
    assert outcome([2.5] * 300, [2.5] * 300).pvalue == 1.0


def test_a_nominal_five_percent_is_never_exceeded():
    """Without drift, n = 500, 100 bins: 1,000 looks reject at most 5 % plus 3 standard errors."""
    random = np.random.default_rng(3)
    rejected = 0
    for _ in range(20):
        profiled = column(random.normal(size=10_000))
        for _ in range(50):
            counts = count(random.normal(size=500), profiled.edges)
            rejected += KS.evaluate(profiled, counts).pvalue <= 0.05
    assert rejected / 1_000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)
    assert rejected / 1_000 >= 0.015
