from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.event_time import MAX_AHEAD_SECONDS, EventTime
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.windows import SUBWINDOWS, Window, WindowRing
from tests.monitors.builders import NOW, WINDOWS, parse

MINUTE = Window("1m", 60.0)


def records(*times):
    """Return a batch with a prediction at each time; None leaves the time out."""
    return parse(
        *[{"prediction": "a"} | ({} if time is None else {"timestamp": time}) for time in times]
    )


def test_a_record_has_its_own_time():
    """Up to a minute ahead of the clock; beyond, and where it is absent, the clock counts."""
    ahead = NOW + MAX_AHEAD_SECONDS
    placed = EventTime(WINDOWS, replay=False).place(records(NOW - 7, ahead, ahead + 1, None))
    assert placed.event_time.tolist() == [NOW - 7, ahead, NOW, NOW]
    assert placed.violations["timestamp", "ahead"] == 1
    assert placed.violations["timestamp", "missing"] == 1
    assert not any(placement.late.any() for placement in placed.placements)


def test_a_time_that_can_not_be_read_is_missing():
    """It breaks two rules: its format, and that there is one."""
    placed = EventTime(WINDOWS, replay=False).place(records("noon"))
    assert placed.event_time.tolist() == [NOW]
    assert placed.violations["timestamp", "format"] == 1
    assert placed.violations["timestamp", "missing"] == 1


def test_ground_truth_needs_no_time():
    """It is placed at the time of reading, and breaks no rule."""
    placed = EventTime(WINDOWS, replay=False).place(parse({"true_label": "a"}))
    assert placed.event_time.tolist() == [NOW]
    assert not +placed.violations


def test_a_record_older_than_a_window_is_late_there():
    """One verdict a window, in the order of the configuration."""
    placed = EventTime(WINDOWS, replay=False).place(records(NOW - 30, NOW - 61, NOW - 3700))
    assert [placement.window.name for placement in placed.placements] == ["1m", "1h"]
    assert placed.placements[0].late.tolist() == [False, True, True]
    assert placed.placements[1].late.tolist() == [False, False, True]


@given(st.floats(0, 200), st.floats(0, 60))
def test_what_is_not_late_is_in_the_window(age, fraction):
    """Late, or one of the sub-windows that the window covers: nothing falls between."""
    now = NOW + fraction
    batch = parse({"prediction": "a", "timestamp": now - age}, received=now)
    (placement,) = EventTime([MINUTE], replay=False).place(batch).placements
    oldest = now // MINUTE.width - SUBWINDOWS + 1
    assert placement.late.tolist() == [placement.subwindow[0] < oldest]
    if age < MINUTE.seconds - MINUTE.width:
        assert not placement.late[0]
    if age > MINUTE.seconds:
        assert placement.late[0]


def test_replay_takes_the_latest_event_as_now():
    """A log of last year gives the windows it gave then; what lags behind is late."""
    event_time = EventTime([MINUTE], replay=True)
    placed = event_time.place(records(1000, 1100, 1050, 1030, None))
    assert placed.event_time.tolist() == [1000, 1100, 1050, 1030, 1100]
    assert placed.placements[0].late.tolist() == [False, False, False, True, False]
    assert event_time.latest == 1100
    placed = event_time.place(records(1030, None, 1200))
    assert placed.event_time.tolist() == [1030, 1100, 1200]
    assert placed.placements[0].late.tolist() == [True, False, False]
    assert event_time.latest == 1200


def test_replay_of_a_log_without_times():
    """The clock is all there is."""
    event_time = EventTime([MINUTE], replay=True)
    assert event_time.place(records(None, None)).event_time.tolist() == [NOW, NOW]
    assert event_time.latest == NOW


def test_replay_of_a_log_that_begins_without_a_time():
    """Those records go with the first that has one: the clock would make all others late."""
    event_time = EventTime([MINUTE], replay=True)
    placed = event_time.place(records(None, "x", 1000, 1010))
    assert placed.event_time.tolist() == [1000, 1000, 1000, 1010]
    assert not placed.placements[0].late.any()
    assert event_time.latest == 1010


def test_replay_with_a_time_ahead_of_the_clock():
    """It does not push everything else out of the windows."""
    event_time = EventTime([MINUTE], replay=True)
    placed = event_time.place(records(1000, NOW + 1e6, 1010))
    assert placed.event_time.tolist() == [1000, 1000, 1010]
    assert not placed.placements[0].late.any()
    assert placed.violations["timestamp", "ahead"] == 1


@given(
    st.lists(st.none() | st.floats(0, 500) | st.just(NOW + 1000), max_size=40),
    st.floats(0, 500),
    st.integers(1, 9),
)
def test_replay_does_not_depend_on_the_batches(times, first, size):
    """Any split of a log that begins with a time has the same times and the same late records."""
    times = [first, *times]
    whole = EventTime(WINDOWS, replay=True)
    parts = EventTime(WINDOWS, replay=True)
    expected = whole.place(records(*times))
    found = [
        parts.place(records(*times[start : start + size])) for start in range(0, len(times), size)
    ]
    assert np.concatenate([part.event_time for part in found]).tolist() == (
        expected.event_time.tolist()
    )
    for position, placement in enumerate(expected.placements):
        late = np.concatenate([part.placements[position].late for part in found])
        assert late.tolist() == placement.late.tolist()
    assert whole.latest == parts.latest


@pytest.mark.parametrize("replay", [False, True])
def test_an_empty_batch(replay):
    """Nothing is placed, and nothing changes."""
    event_time = EventTime(WINDOWS, replay=replay)
    assert len(event_time.place(records())) == 0
    assert event_time.latest == -np.inf


def test_syslog_is_placed_as_well():
    """It has no violations to count into."""
    batch = SyslogLines("s", "UTC").parse([b"Jan 12 13:46:39 web1 sshd[7]: hello"], NOW).batch
    placed = EventTime(WINDOWS, replay=False).place(batch)
    assert placed.event_time.tolist() == [NOW - 1]
    assert placed.placements[0].late.tolist() == [False]


def test_a_record_that_is_ahead_takes_nothing_from_the_window():
    """Up to a minute ahead it counts in the present, also where the window is no longer than that.

    The record's own time is kept for what is not a window.
    """
    window = Window("1m", 60.0)
    ring = WindowRing(window, (1,))
    place = EventTime([window], replay=False).place
    for time, received in [*((NOW + i, NOW + i) for i in range(60)), (NOW + 118.0, NOW + 59.0)]:
        placed = place(replace(records(time), received=received))
        assert placed.event_time.tolist() == [time]
        ring.count(placed.placements[0], np.zeros(1, dtype=np.int64))
    assert ring.view().total(NOW + 59).tolist() == [61]


def test_a_clock_that_was_set_back_does_not_freeze_the_windows():
    """What was counted years ahead leaves the window, and what comes now is counted."""
    window = Window("1m", 60.0)
    ring = WindowRing(window, (1,))
    place = EventTime([window], replay=False).place
    for received in (NOW + 1e9, NOW):
        placed = place(replace(records(None), received=received))
        assert ring.view().total(NOW).tolist() == [0]
        ring.count(placed.placements[0], np.zeros(1, dtype=np.int64))
    assert ring.view().total(NOW).tolist() == [1]


def test_windows_of_a_replay_without_events_end_nowhere():
    """An empty file has no latest event."""
    event_time = EventTime(WINDOWS, replay=True)
    event_time.place(records())
    assert event_time.windows_end is None
    event_time.place(records(NOW - 7))
    assert event_time.windows_end == NOW - 7
