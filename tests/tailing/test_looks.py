from __future__ import annotations

from exporter.tailing.looks import LookSchedule
from exporter.tailing.watching import Changes

NAMES = Changes(names=True)
EVERYTHING = Changes(everything=True)


def test_the_first_look_is_due_at_once():
    """Whatever the time."""
    assert LookSchedule().due(0.0)


def test_a_look_comes_every_ten_seconds_and_sooner_for_a_reason():
    """A second after the last one where a name changed, a quarter where anything may have."""
    for changes, spacing in ((Changes(), 10.0), (NAMES, 1.0), (EVERYTHING, 0.25)):
        looks = LookSchedule()
        looks.looked(100.0, 100.0)
        looks.heed(changes)
        assert looks.next == 100.0 + spacing
        assert not looks.due(100.0 + spacing - 0.01)
        assert looks.due(100.0 + spacing)


def test_a_reason_holds_until_the_look():
    """And no longer; that a file was written to is none."""
    looks = LookSchedule()
    looks.looked(100.0, 100.0)
    looks.heed(NAMES)
    looks.heed(Changes(frozenset({"/a"})))
    assert looks.due(101.0)
    looks.looked(101.0, 101.0)
    assert not looks.due(102.0)


def test_looking_takes_a_fiftieth_of_the_time():
    """However many files there are; ten seconds are the longest pause."""
    for took, changes, spacing in ((0.04, NAMES, 2.0), (0.04, EVERYTHING, 2.0), (3.0, NAMES, 10.0)):
        looks = LookSchedule()
        looks.looked(100.0, 100.0 + took)
        looks.heed(changes)
        assert abs(looks.next - 100.0 - spacing) < 1e-9


def test_a_clock_that_is_set_back_stops_nothing():
    """A look is due when the clock is far from the last one, either way."""
    looks = LookSchedule()
    looks.looked(5000.0, 5000.0)
    assert looks.due(100.0)
