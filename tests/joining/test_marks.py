"""One bit for each place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.joining.marks import GROUP, Marks, by_number
from exporter.storage.encoding import decode, encode

PLACES = st.lists(st.integers(0, 5 * GROUP), max_size=50)


@given(PLACES, PLACES, st.integers(0, 6 * GROUP))
def test_marks_are_a_set_of_places(added, more, dropped):
    """Also when they were stored; dropping forgets nothing that is not below."""
    marks = Marks()
    marks.add(np.array(added, dtype=np.int64))
    marks.drop(dropped)
    marks.add(np.array(more, dtype=np.int64))
    restored = Marks()
    restored.load(decode(encode(marks)))
    for place in {*added, *more, dropped}:
        expected = place in more or (place in added and place >= dropped)
        known = place >= dropped // GROUP * GROUP or place in more
        for each in (marks, restored):
            found = bool(each.of(np.array([place]))[0])
            assert found == expected or (not known and not found) or place < dropped


def test_a_change_writes_one_group(tmp_path):
    """All others keep their versions."""
    marks = Marks()
    marks.add(np.array([1, GROUP, 2 * GROUP]))
    before = marks.versions()
    marks.add(np.array([GROUP + 1]))
    after = marks.versions()
    assert [key for key in after if after[key] != before[key]] == ["1"]
    marks.drop(GROUP)
    assert set(marks.versions()) == {"1", "2"}


@given(st.lists(st.integers(0, 5), max_size=30))
def test_rows_by_number(numbers):
    """Each number once, ascending, with all of its rows in order."""
    found = [(number, rows.tolist()) for number, rows in by_number(np.array(numbers, dtype=int))]
    expected = [
        (number, [row for row, each in enumerate(numbers) if each == number])
        for number in sorted(set(numbers))
    ]
    assert found == expected
