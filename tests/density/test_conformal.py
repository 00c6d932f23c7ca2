from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from exporter.density.conformal import Calibration, excess

SCORES = np.arange(1.0, 200.0)
"""199 scores: p-values are multiples of 1 / 200."""


def calibration(scores=SCORES, tau=1.0, effective=None):
    """Return a calibration of independent records."""
    return Calibration(scores, tau, len(scores) if effective is None else effective)


def test_p_values_by_hand():
    """The share of held-out records, and of the record itself, that score no higher."""
    found = calibration().p_values(np.array([0.5, 1.0, 1.5, 199.0, 500.0]))
    assert (found * 200).tolist() == pytest.approx([1, 2, 2, 200, 200])


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3, 0.004])
def test_improbable_is_a_p_value_up_to_alpha(alpha):
    """At every score, ties included."""
    known = calibration(np.sort(np.round(np.random.default_rng(0).standard_normal(199), 1)))
    scores = np.round(np.linspace(-4, 4, 81), 1)
    expected = known.p_values(scores) <= alpha
    assert known.improbable(scores, alpha).tolist() == expected.tolist()
    assert known.expected(alpha) == int(200 * alpha + 1e-9) / 200


def test_alpha_that_is_a_whole_number_of_ranks_keeps_its_last_one():
    """0.29 * 100 is a little less than 29."""
    assert calibration(np.arange(99.0)).rank(0.29) == 29


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_excess_is_the_tail_of_a_beta_binomial_distribution(number, held_out, data):
    """The share below the k-th of N is Beta(k, N + 1 - k)."""
    rank = data.draw(st.integers(1, held_out))
    improbable = data.draw(st.integers(0, number))
    expected = betabinom(number, rank, held_out + 1 - rank).sf(improbable - 1)
    assert excess(improbable, number, rank, held_out) == pytest.approx(expected, rel=1e-7)


def test_large_numbers_keep_their_precision():
    """A million records, a tail of 1e-40 and less."""
    found = [excess(count, 1_000_000, 50, 5_000) for count in (10_000, 15_000, 40_000, 100_000)]
    assert 0.4 < found[0] < 0.6
    assert found == sorted(found, reverse=True)
    assert 0 < found[3] < 1e-100


@pytest.mark.parametrize("number", [30, 300, 30_000])
@pytest.mark.parametrize("held_out", [120, 1_000])
def test_false_alarms_over_fresh_references(number, held_out):
    """P <= .05 in at most 5 %, where a binomial test of alpha alarms ever more often."""
    random = np.random.default_rng(number + held_out)
    runs, alarms = 2_000, 0
    for _ in range(runs):
        known = calibration(np.sort(random.random(held_out)))
        # How many of n uniform numbers are below a threshold is all that counts of them.
        threshold = known.scores[known.rank(0.01) - 1]
        alarms += known.excess(random.binomial(number, threshold), number, 0.01) <= 0.05
    assert alarms / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_a_binomial_test_would_alarm_too_often():
    """What the one above guards against: 120 records do not know their 1 % quantile."""
    random = np.random.default_rng(1)
    shares = random.beta(1, 120, 2_000)
    counts = random.binomial(30_000, shares)
    limit = 30_000 * 0.01 + 1.645 * np.sqrt(30_000 * 0.01 * 0.99)
    assert (counts > limit).mean() > 0.2


def test_dependent_records_are_worth_fewer():
    """Of both: 600 of a window as 60, 199 held out as 19."""
    found = calibration(tau=10.0, effective=19.9).excess(60, 600, 0.05)
    assert found == pytest.approx(excess(6, 60, 1, 19))
    assert calibration().excess(0, 5, 0.05) == 1.0


def test_a_calibration_too_small_for_alpha_finds_nothing():
    """Of 50 held-out records no p-value is below 1 / 51."""
    small = calibration(np.arange(50.0))
    assert not small.improbable(np.array([-1e9]), 0.01).any()
    assert small.expected(0.01) == 0.0
    assert small.excess(0, 100, 0.01) == 1.0
