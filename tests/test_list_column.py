from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.list_columns import lists_of

lists = st.lists(st.none() | st.lists(st.sampled_from("abcdef"), max_size=6), max_size=12)


def column(raw):
    """Return the column of some lists, of which one at least is there."""
    found, _ = lists_of([*raw, []])
    return found


@given(lists)
def test_lists_come_back_without_repetitions(raw):
    """In their own order, and with nothing beside them."""
    decoded = column(raw).decode()
    assert decoded == [
        None if values is None else list(dict.fromkeys(values)) for values in [*raw, []]
    ]


@given(lists, st.data())
def test_taking_rows(raw, data):
    """Any selection, in any order."""
    rows = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    taken = column(raw).take(np.array(rows, dtype=np.intp))
    assert taken.decode() == [column(raw).decode()[row] for row in rows]
    assert taken.lengths.tolist() == [len(one or ()) for one in taken.decode()]


@given(lists)
def test_rows_and_ranks(raw):
    """Each value knows its record and its place."""
    made = column(raw)
    expected = [
        (row, rank)
        for row, values in enumerate(made.decode())
        for rank, _ in enumerate(values or (), start=1)
    ]
    assert list(zip(made.rows.tolist(), made.ranks.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(*[st.lists(st.sampled_from("abcd"), max_size=4)] * 2), max_size=8))
def test_values_found_in_another_column(pairs):
    """Looked for in the list of the same record, whatever code it has there."""
    mine = column([one for one, _ in pairs])
    theirs = column([list(reversed(other)) for _, other in pairs])
    found = mine.found_in(theirs)
    expected = [
        value in set(other)
        for one, other in zip(mine.decode(), theirs.decode(), strict=True)
        for value in one
    ]
    assert found.tolist() == expected
