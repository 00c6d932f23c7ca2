from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from exporter.drift.seasonal.cycles import CYCLES
from exporter.drift.seasonal.season import Season


def cells(cycle, zone, *times):
    """Return the cells of times, each given in UTC."""
    season = Season(cycle, zone)
    seconds = [datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() for time in times]
    return season.cells(season.hours(np.array(seconds))).tolist()


def test_a_week_begins_on_monday_at_midnight():
    """2026-03-02 is a Monday."""
    times = "2026-03-02T00:00:00", "2026-03-02T13:59:59", "2026-03-08T23:00:00"
    assert cells("hour_of_week", "UTC", *times) == [0, 13, 167]
    assert cells("hour_of_day", "UTC", *times) == [0, 13, 23]
    assert cells("day_of_week", "UTC", *times) == [0, 0, 6]


def test_hours_are_those_of_the_local_clock_in_summer_too():
    """Berlin is ahead by one hour, and by two from the end of March; Nepal by 5:45."""
    times = "2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T01:00:00"
    assert cells("hour_of_day", "Europe/Berlin", *times) == [23, 0, 3]
    assert cells("day_of_week", "Europe/Berlin", *times) == [5, 6, 6]
    assert cells("hour_of_day", "Asia/Kathmandu", "2026-01-01T00:14:59") == [5]
    assert cells("hour_of_day", "Asia/Kathmandu", "2026-01-01T00:15:00") == [6]


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Australia/Lord_Howe"])
def test_hours_are_those_of_the_calendar(zone):
    """As datetime has them, all year."""
    times = np.random.default_rng(0).uniform(1.7e9, 1.74e9, 500)
    season = Season("hour_of_week", zone)
    local = [datetime.fromtimestamp(time, ZoneInfo(zone)) for time in times.tolist()]
    expected = [time.weekday() * 24 + time.hour for time in local]
    assert season.cells(season.hours(times)).tolist() == expected


@pytest.mark.parametrize("cycle", CYCLES)
def test_without_a_time_there_is_no_cell(cycle):
    """Nor of a time that no calendar has."""
    season = Season(cycle)
    hours = season.hours(np.array([np.nan, -1.0, 1e18, np.inf]))
    assert season.cells(hours).tolist() == [-1] * 4
    assert season.cells(season.hours(np.empty(0))).tolist() == []


@pytest.mark.parametrize("cycle", CYCLES)
def test_pools_become_coarser(cycle):
    """From each cell by itself to one of all; what shares a pool shares the next one too."""
    season = Season(cycle)
    assert season.pools[0].tolist() == list(range(season.size))
    assert not season.pools[-1].any()
    assert len(season.pool_names) == len(season.pools)
    for finer, coarser in zip(season.pools, season.pools[1:], strict=False):
        pairs = set(zip(finer.tolist(), coarser.tolist(), strict=True))
        assert len(pairs) == len(set(finer.tolist()))
