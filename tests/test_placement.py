from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import placement
from exporter.windows import Window, WindowRing

WINDOWS = (Window("1m", 60.0), Window("1h", 3600.0), Window("7s", 7.0))
CELLS = 3
RECORDS = st.lists(
    st.tuples(st.floats(0, 20_000), st.integers(-1, CELLS - 1), st.integers(-3, 3)), max_size=40
)


def rings():
    """Return an empty ring for each window."""
    return [WindowRing(window, (CELLS,), np.float64) for window in WINDOWS]


def placed(times, latest=0.0):
    """Return where the times fall, "now" being the latest so far."""
    times = np.array(times, dtype=float)
    return placement.place(WINDOWS, times, np.maximum(np.maximum.accumulate(times), latest))


def totals(filled):
    """Return the sums of each ring at its last moment."""
    return [ring.view().total(20_000.0).tolist() for ring in filled]


@pytest.mark.parametrize("largest", [0, 1 << 15])
@pytest.mark.parametrize("ordered", [True, False])
@given(records=RECORDS, size=st.integers(1, 10))
def test_adding_runs_is_adding_records(largest, ordered, records, size):
    """In order of time and out of it, in batches of any size, counted in a table or one by one."""
    records = sorted(records) if ordered else records
    together, singly = rings(), rings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "_LARGEST_TABLE", largest)
        patch.setattr(placement, "_TABLE_PER_RECORD", 0)
        for begin in range(0, len(records), size):
            times, cells, weights = map(np.array, zip(*records[begin : begin + size], strict=True))
            latest = max((time for time, _, _ in records[:begin]), default=0.0)
            places = placed(times, latest)
            placement.add_all(together, places, cells, weights.astype(float))
            for ring, place in zip(singly, places, strict=True):
                ring.add(place, cells, weights.astype(float))
    assert totals(together) == totals(singly)


def test_records_that_share_all_sub_windows_are_one_run():
    """A run ends where the shortest window's sub-window does."""
    one, *_ = placed([0.0, 0.05, 0.11, 0.2, 1.5])
    assert one.run.tolist() == [0, 0, 0, 1, 2]
    assert one.subwindow.tolist() == [0, 0, 0, 0, 1]


def test_selected_records_keep_their_places():
    """Runs without a record are no harm."""
    part = placed([0.0, 0.5, 5.0])[0].take(np.array([0, 2]))
    assert part.subwindow.tolist() == [0, 5]
    counted = rings()
    placement.add_all(
        counted,
        [part, *(p.take(np.array([0, 2])) for p in placed([0.0, 0.5, 5.0])[1:])],
        np.array([[0, 1], [2, -1]]),
    )
    assert counted[0].view().total(5.0).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("short", [0, 1000])
@given(records=RECORDS, size=st.integers(1, 10))
def test_adding_sums_is_adding_each_column_to_its_cell(short, records, size):
    """In any order of time, in batches of any size, late records left out alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "_SHORT_PIECE", short)
        compare_sums(records, size)


def compare_sums(records, size):
    """Add columns at once, and one by one."""
    together, singly = rings(), rings()
    latest = 0.0
    for start in range(0, len(records), size):
        times, first, second = zip(*records[start : start + size], strict=True)
        columns = [np.ones(len(times)), np.array(first) > 0, np.array(second, dtype=float)]
        places = placed(times, latest)
        latest = max(latest, *times)
        placement.add_sums(together, places, columns)
        for cell, column in enumerate(columns):
            cells = np.full(len(times), cell)
            placement.add_all(singly, places, cells, column.astype(float))
    assert totals(together) == totals(singly)


def test_without_windows_no_sums_are_added():
    """A configuration may have none of these."""
    placement.add_sums([], (), [np.ones(2)])


@pytest.mark.parametrize("largest", [0, 1 << 15])
@pytest.mark.parametrize("few", [0, 8])
@given(records=RECORDS, size=st.integers(1, 10))
def test_columns_side_by_side(largest, few, records, size):
    """Each has its cells behind those of the one before; negative ones count nothing."""
    together, singly = rings(), rings()
    latest = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "_LARGEST_TABLE", largest)
        patch.setattr(placement, "_TABLE_PER_RECORD", 0)
        patch.setattr(placement, "_FEW_PIECES", few)
        for start in range(0, len(records), size):
            times, cells, _ = map(np.array, zip(*records[start : start + size], strict=True))
            places = placed(times, latest)
            latest = max(latest, *times)
            columns = [np.minimum(cells, 0), np.maximum(cells - 1, -1)]
            placement.add_side_by_side(together, places, columns, [1, 2])
            placement.add_all(singly, places, columns[0])
            placement.add_all(singly, places, np.where(columns[1] < 0, -1, columns[1] + 1))
    assert totals(together) == totals(singly)


@given(records=RECORDS, size=st.integers(1, 10))
def test_raising_to_maxima_of_runs_is_raising_to_each_record(records, size):
    """In any order of time, in batches of any size, late records left out alike."""
    together, singly = (
        [WindowRing(window, (2,), np.float64, initial=-np.inf) for window in WINDOWS]
        for _ in range(2)
    )
    latest = 0.0
    for start in range(0, len(records), size):
        times, _, values = map(np.array, zip(*records[start : start + size], strict=True))
        values = values.astype(float)
        places = placed(times, latest)
        latest = max(latest, *times)
        placement.raise_all(together, places, [values, -values])
        for ring, place in zip(singly, places, strict=True):
            ring.raise_to(place, np.zeros(len(values), dtype=int), values)
            ring.raise_to(place, np.ones(len(values), dtype=int), -values)
    for one, other in zip(together, singly, strict=True):
        assert one.view().maximum(2e4).tolist() == other.view().maximum(2e4).tolist()


def test_what_is_added_in_all_is_told():
    """Records that are too late for the window are among them."""
    places = placed([10_000.0, 0.0, 10_000.0])
    assert placement.add_all(rings(), places, np.array([0, 1, 1])).tolist() == [1, 2]
    assert placement.add_all([], (), np.array([0, 1, -1])).tolist() == [1, 1]
    assert placement.add_all(rings(), places, np.array([-1, -1, -1])).tolist() == []
