"""Drift against a reference by hour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.config import DriftSettings
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.seasonal.season import Season
from exporter.event_time import EventTime
from exporter.monitors.drift import Drift
from exporter.windows import Window
from tests.monitors.builders import LABELS, exposition, parse

DAY = 86_400.0
NIGHT, NOON = 2 * 3600.0, 12 * 3600.0
START = 4 * DAY + 20 * 364 * DAY
WINDOWS = (Window("1h", 3600.0), Window("24h", DAY))


def predictions(random, start, days, per_hour=60, shift=0.0):
    """Return predictions that are 20 by night, and 40 from 8 to 20 o'clock."""
    times = start + np.sort(random.uniform(0, days * DAY, int(days * 24 * per_hour)))
    by_day = (times % DAY >= 8 * 3600) & (times % DAY < 20 * 3600)
    ages = random.normal(np.where(by_day, 40.0, 20.0) + shift, 4.0).round(1)
    plans = np.where(random.random(len(times)) < np.where(by_day, 0.8, 0.2), "pro", "free")
    return [
        {"timestamp": time, "prediction": "yes", "features": {"age": age, "plan": plan}}
        for time, age, plan in zip(times.tolist(), ages.tolist(), plans.tolist(), strict=True)
    ]


def reference(season):
    """Profile two weeks."""
    profile = Profile(season=season)
    profile.add(parse(*predictions(np.random.default_rng(0), START, 14), features=None))
    columns = profile.columns()
    return Reference(
        "bot", "", Provenance((), profile.records, None, None), columns,
        seasonal=profile.seasonal(columns),
    )  # fmt: skip


@pytest.fixture(scope="module")
def references():
    """Return a reference by hour of the day, and one of all times alike."""
    return reference(Season("hour_of_day")), reference(None)


def shown(reference, end, shift=0.0, **settings):
    """Return the series after the day that ends at a time."""
    settings = {"min_samples": 50, **settings}
    monitor = Drift(LABELS, WINDOWS, DriftSettings(reference=Path("x"), **settings), reference)
    place = EventTime(WINDOWS, replay=True)
    records = predictions(np.random.default_rng(1), end - 2 * DAY, 2, per_hour=90, shift=shift)
    monitor.update(place.place(parse(*records, features=None, received=end)))
    lines = exposition(monitor, now=end).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def series(name, window, feature, **more):
    """Return the name of a series."""
    labels = {"feature": feature, **LABELS, **more, "window": window}
    inside = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
    return f"{name}{{{inside}}}"


@pytest.mark.parametrize("hour", [NIGHT, NOON])
def test_an_hour_is_compared_with_the_same_hour(references, hour):
    """By night and by day nothing has drifted, as opposed to what is compared with all times."""
    by_hour = shown(references[0], START + 21 * DAY + hour)
    for feature in ("age", "plan"):
        assert by_hour[series("model_drift_detected", "1h", feature)] == "0.0"
        assert by_hour[series("model_drift_detected", "24h", feature)] == "0.0"
        assert float(by_hour[series("model_drift_season_ratio", "1h", feature)]) == 1.0
        size = float(by_hour[series("model_drift_reference_effective_samples", "1h", feature)])
        assert 600 < size < 1_000
        psi = series("model_drift_distance", "1h", feature, distance="psi")
        assert abs(float(by_hour[psi])) < 0.5
    whole = shown(references[1], START + 21 * DAY + hour)
    # As a whole it is worth only as many values as there are half days.
    few = series("model_drift_evaluable", "1h", "age", reason="too_few_reference_rows")
    assert whole[few] == "0.0"
    assert not any("season_ratio" in name for name in whole)


def test_drift_within_the_hours_is_found(references):
    """All are older by two, which is half a standard deviation of their hour."""
    found = shown(references[0], START + 21 * DAY + NIGHT, shift=2.0)
    for window in ("1h", "24h"):
        assert found[series("model_drift_detected", window, "age")] == "1.0"
        assert found[series("model_drift_detected", window, "plan")] == "0.0"


def test_a_window_of_a_day_expects_the_mix_of_its_hours(references):
    """Sub-windows of 48 minutes and all of the reference."""
    found = shown(references[0], START + 21 * DAY)
    size = float(found[series("model_drift_reference_effective_samples", "24h", "age")])
    assert 0.6 < size / (14 * 24 * 60) <= 1.0


def test_hours_that_the_reference_hardly_knows_are_told(references):
    """Of the hours of a week 120 values each, of those of a day 840."""
    seasonal = references[0].seasonal
    for name, column in seasonal.columns.items():
        assert column.counts.sum(axis=1).min() > 600
        assert column.tau < 1.5, name
    few = Profile(season=Season("hour_of_week"))
    few.add(parse(*predictions(np.random.default_rng(0), START, 14), features=None))
    columns = few.columns()
    made = Reference(
        "bot", "", Provenance((), few.records, None, None), columns, seasonal=few.seasonal(columns)
    )
    found = shown(made, START + 21 * DAY + NIGHT)
    assert found[series("model_drift_season_ratio", "1h", "age")] == "0.0"
    assert found[series("model_drift_detected", "1h", "age")] == "0.0"
