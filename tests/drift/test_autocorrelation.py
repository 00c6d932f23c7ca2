"""What values that resemble their neighbours are worth."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.autocorrelation import of_categories, of_means, of_numbers, of_series


def autoregressive(random, n, rho):
    """Return a stationary AR(1) series of variance 1."""
    noise = random.normal(size=n) * np.sqrt(1 - rho**2)
    series = np.empty(n)
    series[0] = random.normal()
    for at in range(1, n):
        series[at] = rho * series[at - 1] + noise[at]
    return series


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7, 0.9])
def test_it_is_that_of_an_autoregressive_process(rho):
    """Of the indicator of the median: rho_k = 2/pi asin(rho^k) (Sheppard's formula)."""
    expected = 1 + 2 * sum(2 / np.pi * np.arcsin(rho**lag) for lag in range(1, 500))
    random = np.random.default_rng(3)
    found = [of_numbers(autoregressive(random, 10_000, rho)) for _ in range(12)]
    assert np.mean(found) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_that_of_a_mean_is_longer(rho):
    """Of an autoregressive process (1 + rho) / (1 - rho), whatever the values are taken to."""
    random = np.random.default_rng(6)
    series = [autoregressive(random, 10_000, rho) for _ in range(12)]
    expected = (1 + rho) / (1 - rho)
    assert np.mean([of_means(one) for one in series]) == pytest.approx(expected, rel=0.08)
    ranked = [of_means(np.sinh(4 * one)) for one in series]
    assert 0.9 * expected <= np.mean(ranked) <= 1.08 * expected


def test_that_of_a_mean_exists_for_all_numbers():
    """Huge ones, constants, few; what is not finite is left out."""
    random = np.random.default_rng(8)
    assert of_means(np.where(random.random(1000) < 0.5, 1e300, np.nan)) == 1.0
    assert of_means(np.full(1000, 0.1)) == 1.0
    assert of_means(1e9 + 1e-6 * random.normal(size=1000)) < 1.3
    assert 1.0 <= of_means(random.choice([-1e300, 1e300], 1000)) < 1.2
    assert of_means(np.arange(99.0)) == 1.0


def test_it_is_what_the_variance_of_means_shows():
    """N var(mean) / var over 2,000 series of 1,000 values."""
    random = np.random.default_rng(4)
    series = np.array([autoregressive(random, 1000, 0.6) <= 0 for _ in range(2000)])
    observed = 1000 * series.mean(axis=1).var() / 0.25
    found = np.mean([of_series(one.astype(float)) for one in series[:200]])
    assert found == pytest.approx(observed, rel=0.15)


def test_independent_values_are_worth_themselves():
    """Of 100 samples nearly all are told to be independent, and none is far from it."""
    random = np.random.default_rng(5)
    found = np.array([of_numbers(random.random(5000)) for _ in range(100)])
    assert (found == 1.0).sum() >= 95
    assert found.max() < 1.2


def test_what_alternates_is_worth_no_more_than_it_has_values():
    """The mean is even surer then, which no test makes use of."""
    assert of_numbers(np.arange(1000) % 2.0) == 1.0


@pytest.mark.parametrize("values", [np.zeros(0), np.arange(99.0), np.ones(1000)])
def test_nothing_is_said_of_few_or_equal_values(values):
    """They are taken for independent."""
    assert of_numbers(values) == 1.0
    assert of_categories(values.astype(int)) == 1.0


def test_a_step_in_the_middle_is_worth_two_values():
    """Two levels, each for half of the time."""
    assert 200 < of_series((np.arange(1000) < 500).astype(float)) <= 500


def test_what_is_missing_is_left_out():
    """And a median that is most of the values cuts them where there is something to see."""
    random = np.random.default_rng(6)
    values = np.where(autoregressive(random, 5000, 0.7) < 0.6, 0.0, 1.0)
    holes = np.insert(values, np.arange(0, 5000, 7), np.nan)
    assert of_numbers(holes) == of_numbers(values) > 2.5
    codes = np.insert(values.astype(int), np.arange(0, 5000, 7), -1)
    assert of_categories(codes) == pytest.approx(of_numbers(values))


def test_categories_are_worth_what_the_chi_square_test_shows():
    """The mean of X^2 over its degrees of freedom, of 400 windows of a sticky chain."""
    random = np.random.default_rng(7)
    shares, length = np.array([0.5, 0.3, 0.2]), 400
    stays = random.random(length * 400) < 0.6
    drawn = random.choice(3, length * 400, p=shares)
    last = np.maximum.accumulate(np.where(stays, 0, np.arange(length * 400)))
    codes = drawn[last]
    windows = np.array([np.bincount(one, minlength=3) for one in codes.reshape(400, length)])
    statistic = ((windows - length * shares) ** 2 / (length * shares)).sum(axis=1)
    assert of_categories(codes[:20_000]) == pytest.approx(statistic.mean() / 2, rel=0.15)
