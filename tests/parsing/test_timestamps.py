from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.timestamps import unix_seconds

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


def one(value):
    """Convert a single value."""
    (seconds,) = unix_seconds([value]).tolist()
    return seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2024-05-06T07:08:09.123Z", 1_714_979_289.123),
        ("2024-05-06T07:08:09Z", 1_714_979_289.0),
        ("2024-05-06t07:08:09z", 1_714_979_289.0),
        ("2024-05-06 07:08:09", 1_714_979_289.0),
        ("2024-05-06T09:08:09+02:00", 1_714_979_289.0),
        ("2024-05-06T07:08:09.123456789Z", 1_714_979_289.123456),
        (1_714_979_289, 1_714_979_289.0),
        (1_714_979_289.25, 1_714_979_289.25),
        (1_714_979_289_250, 1_714_979_289.25),
        (0, 0.0),
        (99_999_999_999, 99_999_999_999.0),
        (100_000_000_000, 100_000_000.0),
    ],
)
def test_what_is_a_time(value, seconds):
    """RFC 3339, seconds and milliseconds; a text without an offset is UTC."""
    assert one(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "noon",
        "2024-02-30T00:00:00.000Z",
        "2024-13-01T00:00:00.000Z",
        "2024-01-01T25:00:00.000Z",
        "2024-01-01T00:00:61.000Z",
        "2024-01-01T00:00:00.0\u0660\u0660Z",
        "1714979289",
        -1,
        math.nan,
        math.inf,
        10**400,
        [1],
        {"a": 1},
    ],
)
def test_what_is_no_time(value):
    """NaN, alone and among others."""
    assert math.isnan(one(value))
    good = "2024-05-06T07:08:09.123Z"
    mixed = unix_seconds([good, value, good]).tolist()
    assert mixed == pytest.approx([1_714_979_289.123, math.nan, 1_714_979_289.123], nan_ok=True)


def test_no_times_at_all():
    """An empty column stays one."""
    assert unix_seconds([]).tolist() == []
    assert unix_seconds([]).dtype == np.float64


@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_whole_columns_agree_with_single_values(moments):
    """The fast way for the form of PredictionLogger gives what datetime gives."""
    moments = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in moments]
    column = [
        moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") for moment in moments
    ]
    expected = [moment.timestamp() for moment in moments]
    assert unix_seconds(column).tolist() == expected
    assert [one(text) for text in column] == expected
    shifted = [moment.astimezone(timezone(timedelta(hours=5))).isoformat() for moment in moments]
    assert unix_seconds(shifted).tolist() == expected


def test_values_are_not_cut_out_of_their_neighbours():
    """Two times in one value, though another is empty, are no time."""
    good = "2024-05-06T07:08:09.123Z"
    for column in ([f"{good}\n{good}", ""], ["", f"{good}\n{good}"], [f"{good}\n", good[1:], "x"]):
        assert np.isnan(unix_seconds([good, *column])[1:]).all()
    assert np.isnan(unix_seconds([good + "\n", good[:-1]])).sum() == 1


@given(st.lists(ANYTHING, max_size=10))
def test_anything_else_costs_at_most_itself(column):
    """Nothing raises; every value is a finite time or NaN."""
    seconds = unix_seconds(column)
    assert len(seconds) == len(column)
    assert not np.isinf(seconds).any()


@pytest.mark.parametrize(
    "zero", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "1712013101234", -1, -1.0]
)
def test_a_time_before_1970_is_none(zero):
    """Zero times of other languages, and what only looks like a date, must not count as late."""
    assert np.isnan(unix_seconds([zero])).all()
