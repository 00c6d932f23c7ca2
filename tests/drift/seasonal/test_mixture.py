from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exporter.drift.seasonal.mixture import LEAST, Mixture, season_shares
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.drift.seasonal.season import Season

DAYS = Season("day_of_week")
MONDAY = 4 * 86_400.0


def expected(table, values, tau=1.0, season=DAYS):
    """Return what a window of one column expects, and the share of its own cells."""
    found = Mixture(season, [np.array(table)], [tau]).expected(
        np.array(values, dtype=float)[None, None, :]
    )
    return found.counts[0], found.own[0, 0]


def test_a_window_of_one_cell_expects_that_cell():
    """With as many values as the reference has there."""
    counts, own = expected([[300, 100], [0, 900], *[[500, 500]] * 5], [7, 0, 0, 0, 0, 0, 0])
    assert counts.tolist() == [300, 100]
    assert own == 1


def test_shares_are_mixed_as_the_window_is():
    """A quarter of Mondays and three of Tuesdays: F = .25 F_0 + .75 F_1, m = 900 / .75."""
    counts, own = expected([[400, 0], [0, 900], *[[500, 500]] * 5], [1, 3, 0, 0, 0, 0, 0])
    assert counts == pytest.approx([300, 900])
    assert own == 1


def test_a_window_like_the_reference_gets_all_of_it():
    """Nothing is lost where the mix is the same."""
    table = np.random.default_rng(0).integers(200, 900, (7, 5))
    counts, _ = expected(table, table.sum(axis=1))
    assert counts == pytest.approx(table.sum(axis=0))


def test_a_cell_that_is_hardly_known_is_looked_up_in_the_whole():
    """A day of 10 values; the share that has its own cell is told."""
    table = [[10, 0], *[[500, 500]] * 6]
    counts, own = expected(table, [1, 0, 0, 0, 0, 0, 0])
    assert counts.tolist() == [3010, 3000]
    assert own == 0
    assert expected(table, [1, 3, 0, 0, 0, 0, 0])[1] == 0.75


def test_an_hour_of_the_week_is_looked_up_in_the_hour_of_the_day():
    """Not in the whole, if there are enough of these."""
    season = Season("hour_of_week")
    table = np.zeros((168, 2), dtype=int)
    table[:, 0] = 100
    table[3::24] = [0, 100]
    window = np.zeros(168)
    window[3] = 5
    counts, own = expected(table, window, season=season)
    assert (counts.tolist(), own) == ([0, 700], 0)
    counts, _ = expected(table, window, tau=4.0, season=season)
    assert counts.tolist() == [100 * 161, 700]


def test_dependent_values_make_more_cells_rare():
    """What counts is what the values are worth."""
    table = [[LEAST, 0], *[[0, 500]] * 6]
    window = [1, 0, 0, 0, 0, 0, 0]
    assert expected(table, window, tau=1.0)[1] == 1
    assert expected(table, window, tau=1.1)[1] == 0


def test_an_empty_window_expects_nothing():
    """Nor does a column that the reference has no value of."""
    counts, own = expected([[300, 100]] * 7, [0] * 7)
    assert counts.tolist() == [0, 0]
    assert np.isnan(own)
    assert expected([[0, 0]] * 7, [1] * 7)[0].tolist() == [0, 0]


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.int64, (7, 3), elements=st.integers(0, 2_000)),
    arrays(np.int64, 7, elements=st.integers(0, 50)),
)
def test_the_mixture_is_worth_no_more_than_its_variance_allows(table, window):
    """At every edge F (1 - F) / m is at least the variance of the mixture."""
    counts, _ = expected(table, window)
    sizes, total = table.sum(axis=1), counts.sum()
    if not total or (sizes < LEAST).any() or not window.any():
        return
    weights = window / window.sum()
    cumulated = np.cumsum(table, axis=1) / sizes[:, None]
    shares = np.cumsum(counts) / total
    assert shares == pytest.approx(weights @ cumulated)
    variance = (weights**2 / sizes) @ (cumulated * (1 - cumulated))
    assert (shares * (1 - shares) / total >= variance - 1e-12).all()


def test_the_effective_size_of_a_mean_would_be_too_large():
    """Half the window is in a cell that varies and is hardly known: why the least one counts."""
    table = np.array([[100_000, 0], [100, 100], *[[500, 500]] * 5])
    counts, _ = expected(table, [1, 1, 0, 0, 0, 0, 0])
    f = 0.75
    variance = 0.25 / 4 / 200
    of_a_mean = 1 / (0.25 / 100_000 + 0.25 / 200)
    assert f * (1 - f) / of_a_mean < variance
    assert counts.sum() == 400
    assert f * (1 - f) / counts.sum() >= variance


def shares(starts, width, records=None, season=DAYS):
    """Return the shares of stretches of time that begin some hours after a Monday."""
    records = np.full(season.size, 240) if records is None else np.array(records)
    reference = SeasonalReference(season, records, np.full(season.size, 24), {})
    found = season_shares(reference, MONDAY + 3600.0 * np.array(starts, dtype=float), width)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(starts)))
    return found


def test_a_stretch_belongs_to_the_cells_that_it_lies_in():
    """A stretch over midnight to both, by its length."""
    found = shares([0, 23.5], 3600.0)
    assert found[0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert found[1] == pytest.approx([0.5, 0.5, 0, 0, 0, 0, 0])
    assert shares([], 3600.0).shape == (0, 7)


def test_a_stretch_over_a_border_is_weighed_by_traffic():
    """Three times as many records an hour on Tuesdays, none ever on Wednesdays."""
    found = shares([23.5, 47.5], 3600.0, [240, 720, 0, 240, 240, 240, 240])
    assert found[0] == pytest.approx([0.25, 0.75, 0, 0, 0, 0, 0])
    assert found[1] == pytest.approx([0, 1, 0, 0, 0, 0, 0], abs=1e-5)


def test_short_stretches_lie_in_one_hour():
    """Sub-windows of ten seconds are exact."""
    season = Season("hour_of_week")
    found = shares([10.001, 40.9], 10.0, season=season)
    assert found.argmax(axis=1).tolist() == [10, 40]
    assert found.max(axis=1).tolist() == [1, 1]
