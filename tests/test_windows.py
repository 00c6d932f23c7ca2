from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.placement import Placement, Runs
from exporter.storage import encoding
from exporter.windows import SUBWINDOWS, Window, WindowRing, load_rings

MINUTE = Window("1m", 60.0)
CELLS = 3
LAST = 400.0
RECORDS = st.lists(
    st.tuples(st.floats(0, LAST), st.integers(-1, CELLS - 1), st.integers(-5, 5)), max_size=60
)
SPLIT = st.integers(1, 10)


def place(times, late=None, window=MINUTE):
    """Return where times fall, none of them late unless said so."""
    times = np.array(times, dtype=float)
    late = np.zeros(len(times), dtype=bool) if late is None else np.array(late, dtype=bool)
    present = int(window.index(np.array([LAST]))[0])
    return Placement(Runs(window, window.index(times), late, present), np.arange(len(times)))


def filled(records, size, kind="add"):
    """Return a ring with the records, fed in batches of `size`."""
    ring = WindowRing(MINUTE, (CELLS,), np.float64, initial=-np.inf if kind == "raise_to" else 0)
    for start in range(0, len(records), size):
        times, cells, weights = zip(*records[start : start + size], strict=True)
        getattr(ring, kind)(place(times), np.array(cells), np.array(weights, dtype=float))
    return ring


def dumped(ring):
    """Return the state of a ring as it comes back from storage."""
    return encoding.decode(encoding.encode(ring.dump()))


def inside(records, now):
    """Return the records in the window, by the definition: 60 whole sub-windows up to now."""
    return [
        (cell, weight)
        for time, cell, weight in records
        if cell >= 0 and now // MINUTE.width - SUBWINDOWS < time // MINUTE.width
    ]


@given(RECORDS, SPLIT)
def test_sums_are_those_of_a_list_of_records(records, size):
    """For any split into batches, at the time of the newest record and later."""
    ring = filled(records, size)
    newest = max((time for time, _, _ in records), default=0.0)
    for now in (newest, newest + 13.2, newest + 59, newest + 200):
        expected = np.zeros(CELLS)
        for cell, weight in inside(records, now):
            expected[cell] += weight
        assert ring.view().total(now).tolist() == expected.tolist()


@given(RECORDS, SPLIT)
def test_maxima_are_those_of_a_list_of_records(records, size):
    """A cell without a record holds -inf."""
    ring = filled(records, size, "raise_to")
    newest = max((time for time, _, _ in records), default=0.0)
    expected = np.full(CELLS, -np.inf)
    for cell, weight in inside(records, newest):
        expected[cell] = max(expected[cell], weight)
    assert ring.view().maximum(newest).tolist() == expected.tolist()


@given(RECORDS, RECORDS, SPLIT)
def test_merging_equals_having_seen_both(ours, theirs, size):
    """Also where one is far ahead of the other."""
    for kind, read in (("add", "total"), ("raise_to", "maximum")):
        merged = filled(ours, size, kind)
        merged.merge(filled(theirs, size, kind))
        both = filled(ours + theirs, size, kind)
        newest = max((time for time, _, _ in ours + theirs), default=0.0)
        found, expected = (getattr(ring.view(), read)(newest) for ring in (merged, both))
        assert found.tolist() == expected.tolist()


@given(RECORDS, RECORDS, SPLIT)
def test_state_survives_storage(before, after, size):
    """A restored ring goes on as if nothing had happened."""
    for kind in ("add", "raise_to"):
        ring = filled(before, size, kind)
        restored = filled([], 1, kind)
        restored.load(dumped(ring))
        for each in (ring, restored):
            for time, cell, weight in after:
                getattr(each, kind)(place([time]), np.array([cell]), np.array([float(weight)]))
        assert np.array_equal(ring.view().values, restored.view().values)
        assert np.array_equal(ring.view().epoch, restored.view().epoch)


def test_counting_adds_one_to_each_cell():
    """Negative cells and late records count nothing; shapes are flattened."""
    ring = WindowRing(MINUTE, (2, 2))
    ring.count(place([10, 10, 11, 12], [False, False, False, True]), np.array([3, 3, -1, 0]))
    assert ring.view().total(12).tolist() == [[0, 0], [0, 2]]


def test_the_window_covers_sixty_sub_windows():
    """That of now, and the 59 before: between 59 and 60 seconds of a minute."""
    ring = WindowRing(MINUTE, (1,))
    ring.count(place([100.0, 100.9, 101.0]), np.array([0, 0, 0]))
    view = ring.view()
    assert view.total(101.0).tolist() == [3]
    assert view.total(159.9).tolist() == [3]
    assert view.total(160.0).tolist() == [1]
    assert view.total(160.9).tolist() == [1]
    assert view.total(161.0).tolist() == [0]


def test_a_view_does_not_move():
    """A scrape reads it while the next batch is counted."""
    ring = WindowRing(MINUTE, (1,))
    ring.count(place([10.0]), np.array([0]))
    view = ring.view()
    ring.count(place([10.0, 80.0]), np.array([0, 0]))
    assert view.total(10.0).tolist() == [1]


def test_an_unused_ring_is_empty_at_any_time():
    """Also near the epoch, where sub-window numbers are small."""
    view = WindowRing(MINUTE, (2,)).view()
    for now in (0.0, 5.0, 1e9):
        assert view.total(now).tolist() == [0, 0]
        assert not view.live(now).any()


def test_what_differs_is_refused():
    """Another window or shape is other state."""
    ring = WindowRing(MINUTE, (2,))
    with pytest.raises(ValueError, match=r"stored window of 3600.0 s and shape \[2\] does not fit"):
        ring.load(WindowRing(Window("1h", 3600.0), (2,)).dump())
    with pytest.raises(ValueError, match=r"shape \[3\] does not fit 60.0 s and \[2\]"):
        ring.load(WindowRing(MINUTE, (3,)).dump())
    with pytest.raises(ValueError, match="can't merge"):
        ring.merge(WindowRing(MINUTE, (3,)))


def test_rings_are_restored_by_their_length():
    """Windows may be added, removed and reordered in the configuration."""
    hour, day = Window("1h", 3600.0), Window("1d", 86400.0)
    stored = [WindowRing(MINUTE, (1,)), WindowRing(hour, (1,))]
    for ring in stored:
        ring.count(place([50.0], window=ring.window), np.array([0]))
    renamed = Window("60m", 3600.0)
    rings = [WindowRing(day, (1,)), WindowRing(renamed, (1,))]
    load_rings(rings, [dumped(ring) for ring in stored])
    assert [ring.view().total(50.0).tolist() for ring in rings] == [[0], [1]]


@given(RECORDS, RECORDS, SPLIT)
def test_only_sub_windows_whose_version_changed_need_to_be_stored(before, after, size):
    """What was stored of the others is right still; a sub-window that is gone has no version."""
    for kind in ("add", "raise_to"):
        ring = filled(before, size, kind)
        versions, kept = dict(ring.versions()), ring.plain()
        ring.merge(filled(after, size, kind))
        for time, cell, weight in after:
            getattr(ring, kind)(place([time]), np.array([cell]), np.array([float(weight)]))
        current = ring.versions()
        same = [slot for slot, version in current.items() if versions.get(slot) == version]
        rows = {slot: kept[slot] if slot in same else ring.value(slot) for slot in current}
        restored = filled([], 1, kind)
        restored.load(encoding.decode(encoding.encode({**ring.dump(), "slots": rows})))
        assert np.array_equal(ring.view().values, restored.view().values)
        assert np.array_equal(ring.view().epoch, restored.view().epoch)


def test_a_closed_sub_window_is_stored_once():
    """Its version stays as later ones are filled, and goes when another takes its slot."""
    ring = WindowRing(MINUTE, (1,))
    ring.count(place([10.0, 11.0]), np.array([0, 0]))
    first = dict(ring.versions())
    ring.count(place([12.0]), np.array([0]))
    second = dict(ring.versions())
    assert first.keys() == {"10", "11"}
    assert {slot: second[slot] for slot in first} == first
    ring.count(place([70.0]), np.array([0]))
    third = dict(ring.versions())
    assert third["10"] != first["10"]
    assert third["11"] == first["11"]


def test_a_sub_window_ahead_of_the_clock_is_no_row_once_the_clock_is_right():
    """Storage forgets it too."""
    ring = WindowRing(MINUTE, (1,))
    ahead = Placement(
        Runs(MINUTE, np.array([500]), np.array([False]), 500), np.zeros(1, dtype=np.int64)
    )
    ring.count(ahead, np.array([0]))
    assert ring.versions().keys() == {"20"}
    ring.count(place([10.0]), np.array([0]))
    assert ring.versions().keys() == {"10"}


def test_few_cells_are_stored_by_number_and_many_as_they_are():
    """Whatever takes less space."""
    ring = WindowRing(MINUTE, (300,), np.int32)
    ring.count(place([10.0]), np.array([7]))
    ring.count(place([11.0] * 300), np.arange(300))
    few, many = ring.value("10"), ring.value("11")
    assert (few["cells"].tolist(), few["cells"].dtype) == ([7], np.uint16)
    assert many.keys() == {"epoch", "values"}


def test_a_view_is_taken_once_until_something_is_added():
    """A snapshot of what is idle costs nothing."""
    ring = WindowRing(MINUTE, (1,))
    ring.count(place([10.0]), np.array([0]))
    view = ring.view()
    ring.count(place([10.0], [True]), np.array([0]))
    assert ring.view() is view
    ring.count(place([10.0]), np.array([0]))
    assert ring.view() is not view


def test_a_ring_that_was_stored_in_one_piece_is_restored():
    """As all rings were before each sub-window had a row."""
    ring = WindowRing(MINUTE, (2,))
    epoch = np.full(SUBWINDOWS, -1)
    epoch[10] = 10
    old = {"window": 60.0, "shape": [2], "epoch": epoch, "cells": [20, 21], "values": [3, 4]}
    ring.load(old)
    assert ring.view().total(10.0).tolist() == [3, 4]
    assert ring.versions().keys() == {"10"}


@given(RECORDS, SPLIT, st.permutations(range(CELLS)))
def test_rearranged_cells(records, size, order):
    """What a cell held is at its new place; what comes to the same place is added up."""
    ring = filled(records, size)
    moved = ring.rearranged(np.array(order)).view()
    assert moved.total(LAST)[order].tolist() == ring.view().total(LAST).tolist()
    assert moved.epoch.tolist() == ring.view().epoch.tolist()
    folded = ring.rearranged(np.zeros(CELLS, dtype=int)).view()
    assert folded.total(LAST).tolist() == [ring.view().total(LAST).sum(), 0, 0]


@given(RECORDS, SPLIT, st.floats(0, 150), st.integers(1, 30))
def test_halves_are_sums_over_windows_that_end_earlier(records, size, later, steps):
    """Each half as long as the ring's window, all of them within it."""
    now = max((time for time, _, _ in records), default=0.0) + later
    ring = filled(records, size)
    sums = ring.view().halves(now, steps)
    cells = ring.view().halves(now, steps, np.array([2, 0]))
    for step in range(steps + 1):
        start = SUBWINDOWS // 2 * step // steps
        expected = np.zeros(CELLS)
        for time, cell, weight in records:
            age = now // MINUTE.width - time // MINUTE.width
            if cell >= 0 and start <= age < start + SUBWINDOWS // 2:
                expected[cell] += weight
        assert sums[step].tolist() == expected.tolist()
        assert cells[step].tolist() == expected[[2, 0]].tolist()


def test_halves_at_a_time_before_what_is_counted():
    """As after the clock was set back: what is ahead is in the present."""
    ring = filled([(100.0, 0, 1), (111.0, 1, 1)], 2)
    assert ring.view().halves(101.0, 1).tolist() == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_halves_of_nothing():
    """Are zeros."""
    assert WindowRing(MINUTE, (CELLS,)).view().halves(5.0, 2).tolist() == [[0.0] * CELLS] * 3
