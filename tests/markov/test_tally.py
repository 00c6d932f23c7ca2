from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.tally import Tally
from exporter.storage import encoding

BLOCKS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 3), st.integers(10, 12)), max_size=12),
        st.lists(st.tuples(st.integers(0, 13), st.integers(0, 11)), max_size=6),
    ),
    max_size=4,
)


def column(values):
    """Return int64[n]."""
    return np.array(values, dtype=np.int64)


@given(BLOCKS)
def test_counts_are_those_of_a_loop(blocks):
    """Before each position, of the keys that are counted and of others, in any cut into blocks."""
    tally, plain = Tally(), Counter()
    for records, asked_for in blocks:
        questions = [(key, when) for key, when in asked_for if when < len(records)]
        keys = column([record[kind] for kind in (0, 1) for record in records])
        at = np.tile(np.arange(len(records)), 2)
        before, asked = [[], []], {}
        for position, record in enumerate(records):
            for kind in (0, 1):
                before[kind].append(plain[record[kind]])
            for key, when in questions:
                if when == position:
                    asked[key, when] = plain[key]
            plain.update(record)
        counted = tally.count(keys, at, len(records))
        assert counted.before.tolist() == [*before[0], *before[1]]
        found = counted.ask(
            column([key for key, _ in questions]), column([w for _, w in questions])
        )
        assert found.tolist() == [asked[question] for question in questions]
    assert dict(zip(*(part.tolist() for part in tally.items()), strict=True)) == +plain


def test_what_was_not_counted_for_longest_is_forgotten():
    """An eighth at once, and only when asked."""
    tally = Tally(capacity=20)
    for first in (0, 10, 0):
        tally.add(np.arange(first, first + 10), np.ones(10, dtype=np.int64))
        keys, counts = tally.trim()
    assert (keys.tolist(), counts.tolist()) == ([], [])
    tally.add(np.arange(20, 24), np.ones(4, dtype=np.int64))
    assert len(tally) == 24
    keys, _ = tally.trim()
    assert keys.tolist() == list(range(10, 16))
    assert (len(tally), tally.forgotten) == (18, 6)
    assert tally.of(column([0, 10, 23])).tolist() == [2, 0, 1]


def test_many_keys():
    """Room grows with them."""
    tally = Tally()
    tally.add(np.arange(5000), np.arange(5000))
    assert tally.of(column([0, 4999, 5000])).tolist() == [0, 4999, 0]


def test_dumped_and_loaded():
    """Counts go on, and what is old stays old."""
    tally = Tally(capacity=4)
    tally.add(column([1, 2, 3]), column([5, 6, 7]))
    tally.trim()
    tally.add(column([1, 4, 5]), column([1, 1, 1]))
    other = Tally(capacity=4)
    other.add(column([9]), column([9]))
    other.load(encoding.decode(encoding.encode(tally.dump())))
    assert other.of(column([1, 2, 9])).tolist() == [6, 6, 0]
    for each in (tally, other):
        assert each.trim()[0].tolist() == [2]
