from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.numeric_profile import in_order, numeric_column
from exporter.drift.profile import Profile
from exporter.drift.reservoir import Reservoir
from exporter.drift.seasonal.dependence import Residuals, slow, taus
from exporter.drift.seasonal.profile import SeasonalAccumulator
from exporter.drift.seasonal.season import Season
from tests.monitors.builders import parse

HOURS = Season("hour_of_day")
MONDAY = 4 * 86_400.0


def profiled(records, season=HOURS, size=1_000):
    """Profile records; return the columns by name and what is known by season."""
    made = Profile(season=season)
    for start in range(0, len(records), size):
        made.add(parse(*records[start : start + size], features=None))
    columns = made.columns()
    return {column.name: column for column in columns}, made.seasonal(columns)


def record(hour, age, plan):
    """Return a prediction in some hour of the day."""
    time = {} if hour is None else {"timestamp": MONDAY + hour * 3600.0}
    return {**time, "prediction": "yes", "features": {"age": age, "plan": plan}}


def test_each_column_is_counted_by_hour():
    """Numbers and categories; what is missing, or has no time, is in no hour."""
    made = [(1, 20, "a"), (1, 30, "a"), (2, 30, "b"), (2, None, "b"), (None, 20, "a")]
    columns, found = profiled([record(*each) for each in made])
    assert found.season == HOURS
    assert found.records[[1, 2]].tolist() == [2, 2]
    assert found.hours[[1, 2]].tolist() == [1, 1]
    ages = found.columns["age"].counts
    assert ages.shape == (24, len(columns["age"].counts))
    cells = columns["age"].assign(np.array([20.0, 30.0])).tolist()
    assert ages[1][cells].tolist() == [1, 1]
    assert ages[2][cells].tolist() == [0, 1]
    assert ages.sum() == 3
    assert columns["plan"].categories == ("a", "b")
    assert found.columns["plan"].counts[1:3].tolist() == [[2, 0, 0], [0, 2, 0]]
    assert found.columns["prediction"].counts.sum() == 4


def test_categories_beyond_the_most_frequent_ones_share_a_cell_by_hour_too():
    """Sixty categories, of which fifty get a cell."""
    records = [record(hour, 1, f"p{n}") for n in range(60) for hour in (3, 4)]
    records += [record(3, 1, f"p{n}") for n in range(50)]
    columns, found = profiled(records)
    counts = found.columns["plan"].counts
    assert counts.sum(axis=0).tolist() == columns["plan"].counts.tolist()
    assert counts[:, -1].tolist() == [0, 0, 0, 10, 10] + [0] * 19


def test_batches_do_not_matter():
    """However the stream is cut."""
    random = np.random.default_rng(3)
    records = [
        record(float(hour), int(age), "ab"[int(age) % 2])
        for hour, age in zip(np.arange(400) / 10, random.poisson(30, 400), strict=True)
    ]
    whole, pieces = (profiled(records, size=size)[1] for size in (400, 7))
    assert whole.document() == pieces.document()
    assert whole.digest == pieces.digest


def test_without_times_there_is_no_season():
    """Nor without asking for one."""
    assert profiled([record(None, 1, "a")])[1] is None
    assert profiled([record(1, 1, "a")], season=None)[1] is None


def test_a_sample_of_the_numbers_keeps_their_hours():
    """The reservoir of the hours keeps the same ones, in the same places."""
    random = np.random.default_rng(0)
    times = MONDAY + np.arange(5_000) * 600.0
    hours = HOURS.hours(times)
    numbers, seasons = Reservoir(500, 50_000), SeasonalAccumulator(HOURS, 500)
    # Each value tells its hour.
    values = hours % 24
    for part in np.array_split(random.permutation(5_000), 13):
        numbers.add(values[part])
        seasons.add_numbers(hours[part])
    column = numeric_column("x", 5_000, 0, np.sort(numbers.values), 500)
    counts = seasons.of_numbers(column, numbers).counts
    assert counts.sum() == 500
    cells = column.assign(np.arange(24.0))
    assert counts[np.arange(24), cells].sum() == 500


def stream(seed, amplitude, rho=0.0, days=28, per_day=2_000):
    """Return times and values that swing in the course of a day, AR(1) beyond that."""
    random = np.random.default_rng(seed)
    times = MONDAY + np.sort(random.uniform(0, days * 86_400.0, days * per_day))
    noise = random.normal(size=len(times))
    for at in range(1, len(noise) if rho else 0):
        noise[at] = rho * noise[at - 1] + np.sqrt(1 - rho**2) * noise[at]
    return times, noise + amplitude * np.sin(2 * np.pi * times / 86_400.0)


def learned(times, values, season=HOURS):
    """Return the column as a whole and by season."""
    numbers, seasons = Reservoir(1_000_000, 50_000), SeasonalAccumulator(season, 1_000_000)
    numbers.add(values)
    seasons.add_numbers(season.hours(times))
    column = in_order(numeric_column("x", len(values), 0, np.sort(values), 100), numbers.head)
    return column, seasons.of_numbers(column, numbers)


def test_what_the_hour_explains_is_no_dependence():
    """As a whole hundreds of values are worth one, of the same hours each is."""
    column, seasonal = learned(*stream(0, amplitude=1.0))
    assert column.tau > 100
    assert seasonal.tau == pytest.approx(1.0, abs=0.1)
    assert seasonal.tau_mean == pytest.approx(1.0, abs=0.1)


def test_what_the_hour_does_not_explain_is_dependence():
    """AR(1) with rho .7: the indicator's 4.1 and the ranks' 5.4, with or without a swing."""
    for amplitude in (0.0, 1.0):
        seasonal = learned(*stream(1, amplitude, rho=0.7, days=14))[1]
        assert 3.4 < seasonal.tau < 5.0
        assert 4.4 < seasonal.tau_mean < 7.0


def test_days_that_differ_are_not_explained_by_their_hour():
    """Each day has a level of its own; of one week the hours of the week could explain it all."""
    times, values = stream(2, amplitude=0.5, days=7)
    values += np.random.default_rng(2).normal(0, 0.5, 8)[((times - MONDAY) // 86_400.0).astype(int)]
    seasonal = learned(times, values, Season("hour_of_week"))[1]
    assert seasonal.tau > 50


def test_what_only_weeks_show_is_dependence_by_hour_of_the_day():
    """Though the first days, which are as many values as are looked at one by one, are alike."""
    times, values = stream(3, amplitude=0.5)
    values += 0.5 * np.sin(2 * np.pi * (times - MONDAY) / (7 * 86_400.0))
    column, seasonal = learned(times, values)
    hours, cells = HOURS.hours(times), column.assign(values)
    every = Residuals(HOURS, seasonal.counts, cells, hours)
    first = Residuals(HOURS, seasonal.counts, cells[:2_000], hours[:2_000])
    assert taus(column, first, first)[0] < 10
    assert taus(column, first, every)[0] > 100
    # A tenth of the values tells the same of all of them.
    some = np.arange(0, len(cells), 10)
    counts = np.zeros_like(seasonal.counts)
    np.add.at(counts, (HOURS.cells(hours[some]), cells[some]), 1)
    thinned = Residuals(HOURS, counts, cells[some], hours[some])
    lower = (np.arange(len(column.counts)) < 50).astype(float)
    assert slow(thinned, lower, 0.1) == pytest.approx(slow(every, lower), rel=0.3)


def test_few_weeks_make_no_dependence():
    """Of independent values that were seen in one to four weeks; each its own share of the mean."""
    for days in (7, 14, 28):
        seasonal = learned(*stream(4, 1.0, days=days), Season("hour_of_week"))[1]
        assert seasonal.tau == pytest.approx(1.0, abs=0.2)
