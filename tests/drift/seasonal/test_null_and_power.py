"""Windows of traffic with days and nights: how often they differ by chance, and by drift."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_seasonal import DAY, MONDAY, learn, pvalues, traffic, windows
from exporter.drift.seasonal.season import Season

REFERENCES = 4
SEASON = Season("hour_of_week")


@pytest.fixture(scope="module")
def streams():
    """Return references, each with the windows of the week that follows it."""
    made = []
    for seed in range(REFERENCES):
        random = np.random.default_rng(seed)
        past = traffic(random, MONDAY, 28, 0.0)
        made.append(
            (learn(*past, SEASON), list(windows(*traffic(random, MONDAY + 28 * DAY, 7, 0))))
        )
    return made


def found(streams, test, shift=0.0, *, seasonal=True, independent=False):
    """Return p-values of all windows that are tested."""
    every = []
    for (column, by_season), following in streams:
        whole = column.unordered() if independent else column
        with_seasons = by_season if seasonal else None
        every.append(pvalues(whole, with_seasons, SEASON, test, following, shift))
    together = np.concatenate(every)
    return together[~np.isnan(together)]


@pytest.mark.parametrize("test", ["ks", "chi2", "cvm", "mwu"])
def test_nights_do_not_differ_from_nights(streams, test):
    """At most 5 % of some 640 windows, which overlap and are as good as 110, are significant."""
    p = found(streams, test)
    assert len(p) > 550
    assert (p <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 110)
    assert (p <= 0.0005).mean() <= 0.01


def test_nights_differ_from_days(streams):
    """Compared with all of the reference nearly all windows differ; by its tau none is tested."""
    assert (found(streams, "ks", seasonal=False, independent=True) <= 0.0005).mean() > 0.9
    assert len(found(streams, "ks", seasonal=False)) == 0


def test_what_has_moved_differs_from_the_same_hours(streams):
    """By a fifth of a standard deviation, or in the categories of its bins."""
    assert (found(streams, "ks", 0.2) <= 0.0025).mean() > 0.8
    assert (found(streams, "chi2", 0.5) <= 0.0025).mean() > 0.8
