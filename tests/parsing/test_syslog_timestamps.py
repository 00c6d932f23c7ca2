from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import UsageError
from exporter.parsing.syslog_timestamps import YearlessTime, parse_rfc3339

DAY = 86_400.0
ZONES = ("UTC", "Europe/Zurich", "America/New_York", "America/Havana", "Australia/Lord_Howe")


def utc(*parts: int) -> float:
    """Return Unix seconds of a date and time in UTC."""
    return datetime(*parts, tzinfo=UTC).timestamp()


def yearless(*texts: str, received: float, zone: str = "UTC") -> list[float]:
    """Parse RFC 3164 times."""
    columns = np.array([list(text.encode("latin-1").ljust(16)) for text in texts], dtype=np.uint8)
    return YearlessTime(zone).parse(columns.reshape(-1, 16), received).tolist()


def rfc3339(*texts: str) -> list[float]:
    """Parse RFC 3339 times, one after the other in a block."""
    text = np.frombuffer("\n".join(texts).encode() + b"\n" * 64, dtype=np.uint8)
    end = np.cumsum([len(value.encode()) + 1 for value in texts]) - 1
    start = np.concatenate([[0], end[:-1] + 1])
    return parse_rfc3339(text, start, end).tolist()


def test_the_year_is_that_of_reading():
    """A time shortly before reading belongs to the same year, also with a padded day."""
    received = utc(2026, 11, 22, 18)
    assert yearless("Nov 22 17:59:59", "Jun  1 00:00:00", "jun 01 00:00:01", received=received) == [
        utc(2026, 11, 22, 17, 59, 59),
        utc(2026, 6, 1),
        utc(2026, 6, 1, 0, 0, 1),
    ]


def test_a_day_ahead_is_the_same_year_and_more_is_the_year_before():
    """The limit is the time of reading plus one day, to the second."""
    received = utc(2026, 11, 22, 18)
    assert yearless("Nov 23 18:00:00", "Nov 23 18:00:01", "Dec 31 00:00:00", received=received) == [
        utc(2026, 11, 23, 18),
        utc(2025, 11, 23, 18, 0, 1),
        utc(2025, 12, 31),
    ]


def test_new_year():
    """Around midnight of 31 December, messages of both years are told apart."""
    assert yearless("Dec 31 23:59:59", "Jan  1 00:00:01", received=utc(2027, 1, 1, 0, 0, 2)) == [
        utc(2026, 12, 31, 23, 59, 59),
        utc(2027, 1, 1, 0, 0, 1),
    ]
    # The sender's clock, or its time zone, is ahead.
    assert yearless("Jan  1 01:00:00", received=utc(2026, 12, 31, 23)) == [utc(2027, 1, 1, 1)]


def test_29_february_is_of_the_last_leap_year():
    """29 February takes the latest year that has one."""
    assert yearless("Feb 29 12:00:00", received=utc(2028, 3, 1)) == [utc(2028, 2, 29, 12)]
    assert yearless("Feb 29 12:00:00", received=utc(2027, 3, 1)) == [utc(2024, 2, 29, 12)]
    # Read on 28 February, it is at most one day ahead.
    assert yearless("Feb 29 12:00:00", received=utc(2028, 2, 28, 13)) == [utc(2028, 2, 29, 12)]
    # 2100 is no leap year.
    assert yearless("Feb 29 12:00:00", received=utc(2103, 6, 1)) == [utc(2096, 2, 29, 12)]


def test_a_leap_second_is_the_next_second():
    """23:59:60 is midnight."""
    assert yearless("Jun 30 23:59:60", received=utc(2026, 7, 2)) == [utc(2026, 7, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "Feb 30 00:00:00",
        "Jan 32 00:00:00",
        "Jan  0 00:00:00",
        "Foo 12 00:00:00",
        "Jan 12 24:00:00",
        "Jan 12 23:60:00",
        "Jan 12 23:00:61",
        "Jan 12 2x:00:00",
        "Jan 12 23:00: 1",
        "\xff\xff\xff 1 00:00:00",
    ],
)
def test_no_such_time(text):
    """What is no time is NaN and does not disturb its neighbours."""
    received = utc(2026, 11, 22)
    bad, good = yearless(text, "Nov 21 00:00:00", received=received)
    assert np.isnan(bad)
    assert good == utc(2026, 11, 21)


def test_summer_and_winter_time():
    """Local times take the offset of their day."""
    received = utc(2026, 11, 22)
    assert yearless(
        "Jul  1 12:00:00", "Nov  1 12:00:00", received=received, zone="Europe/Zurich"
    ) == [utc(2026, 7, 1, 10), utc(2026, 11, 1, 11)]


def test_a_time_that_the_clock_showed_twice():
    """It is the later one, unless that is still to come."""
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)
    for received, expected in ((second + 1, second), (first + 1, first), (first + DAY, second)):
        assert yearless("Oct 25 02:30:00", received=received, zone="Europe/Zurich") == [expected]


def test_a_time_that_the_clock_never_showed():
    """It is read with the offset before the change."""
    received = utc(2026, 4, 1)
    assert yearless("Mar 29 02:30:00", received=received, zone="Europe/Zurich") == [
        utc(2026, 3, 29, 1, 30)
    ]


def test_clocks_that_change_by_half_an_hour_or_at_midnight():
    """Around a change, times are converted one by one."""
    assert yearless(
        "Oct  4 01:59:59", "Oct  4 02:31:00", received=utc(2026, 11, 1), zone="Australia/Lord_Howe"
    ) == [utc(2026, 10, 3, 15, 29, 59), utc(2026, 10, 3, 15, 31)]
    assert yearless(
        "Mar  7 23:59:59", "Mar  8 01:00:00", received=utc(2026, 4, 1), zone="America/Havana"
    ) == [utc(2026, 3, 8, 4, 59, 59), utc(2026, 3, 8, 5)]


@given(
    st.lists(st.integers(0, 300 * 86_400), min_size=1, max_size=20),
    st.integers(1_600_000_000, 1_900_000_000),
    st.sampled_from(ZONES),
)
def test_what_a_daemon_wrote_is_read_back(ages, received, zone):
    """Any instant of the last 300 days survives, but for times that the clock showed twice."""
    instants = [received - age for age in ages]
    local = [datetime.fromtimestamp(instant, ZoneInfo(zone)) for instant in instants]
    texts = [f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}" for moment in local]
    parsed = yearless(*texts, received=float(received), zone=zone)
    for instant, moment, got in zip(instants, local, parsed, strict=True):
        twins = {moment.replace(fold=fold).timestamp() for fold in (0, 1)}
        assert got in twins
        assert got == instant or len(twins) == 2


def test_an_unknown_zone():
    """A zone that does not exist is refused by name."""
    with pytest.raises(UsageError, match="'Mars/Olympus' is no time zone"):
        YearlessTime("Mars/Olympus")


def test_the_system_s_own_zone(monkeypatch):
    """The zone `local` is that of the process."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert yearless("Nov 22 09:00:00", received=utc(2026, 11, 22, 12), zone="local") == [
            utc(2026, 11, 22)
        ]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rfc3339():
    """Fractions of any length and offsets of any form."""
    noon = utc(2026, 11, 22, 12)
    assert rfc3339(
        "2026-11-22T12:00:00Z",
        "2026-11-22t12:00:00.5z",
        "2026-11-22T12:00:00.123456+00:00",
        "2026-11-22T13:30:00+01:30",
        "2026-11-22T04:00:00.000000001-0800",
        "1970-01-01T00:00:00Z",
        "2024-02-29T23:59:60Z",
    ) == [noon, noon + 0.5, noon + 0.123456, noon, noon + 1e-9, 0.0, utc(2024, 3, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00",
        "2026-13-22T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2026-11-00T12:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:00:61Z",
        "2026-11-22T12:00:00.Z",
        "2026-11-22T12:00:00.1234567890Z",
        "2026-11-22T12:00:00.12x4Z",
        "2026-11-22T12:00:00,5Z",
        "2026-11-22T12:00:00+1:00",
        "2026-11-22T12:00:00+24:00",
        "2026-11-22T12:00:00*01:00",
        "20x6-11-22T12:00:00Z",
    ],
)
def test_no_rfc3339_time(text):
    """What is no time is NaN and does not disturb its neighbours."""
    bad, good = rfc3339(text, "2026-11-22T12:00:00Z")
    assert np.isnan(bad)
    assert good == utc(2026, 11, 22, 12)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001
    st.integers(-23 * 60, 23 * 60),
)
def test_rfc3339_equals_the_standard_library(moment, offset):
    """Every time that the standard library writes is read as it reads it."""
    sign = "-" if offset < 0 else "+"
    text = f"{moment.isoformat()}{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    assert rfc3339(text) == [pytest.approx(datetime.fromisoformat(text).timestamp(), abs=1e-6)]
