"""What values that resemble their neighbours are worth."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.autocorrelation import LEAST, autocorrelation_time


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
    found = [autocorrelation_time(autoregressive(random, 10_000, rho) <= 0) for _ in range(12)]
    assert np.mean(found) == pytest.approx(expected, rel=0.08)


def test_it_is_what_the_variance_of_means_shows():
    """N var(mean) / var over 2,000 series of 1,000 values."""
    random = np.random.default_rng(4)
    series = np.array([autoregressive(random, 1000, 0.6) <= 0 for _ in range(2000)])
    observed = 1000 * series.mean(axis=1).var() / 0.25
    found = np.mean([autocorrelation_time(one) for one in series[:200]])
    assert found == pytest.approx(observed, rel=0.15)


def test_independent_values_are_worth_themselves():
    """Of 100 samples nearly all are told to be independent, and none is far from it."""
    random = np.random.default_rng(5)
    found = np.array([autocorrelation_time(random.random(5000) < 0.4) for _ in range(100)])
    assert (found == 1.0).sum() >= 95
    assert found.max() < 1.2


def test_what_alternates_is_worth_no_more_than_it_has_values():
    """The mean is even surer then, which no test makes use of."""
    assert autocorrelation_time(np.arange(1000) % 2 == 0) == 1.0


@pytest.mark.parametrize(
    "indicator", [np.zeros(0, bool), np.arange(LEAST - 1) < 50, np.ones(1000, bool)]
)
def test_nothing_is_said_of_few_or_equal_values(indicator):
    """They are taken for independent."""
    assert autocorrelation_time(indicator) == 1.0


def test_a_step_in_the_middle_is_worth_two_values():
    """Two levels, each for half of the time."""
    assert 200 < autocorrelation_time(np.arange(1000) < 500) <= 500
