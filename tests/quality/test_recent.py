from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.quality.recent import SEGMENT, Recent
from exporter.storage import encoding


def numbers(*values):
    """Return an array of 64-bit numbers."""
    return np.array(values, dtype=np.uint64)


def stored(recent, capacity):
    """Return another one that loads what the first stored."""
    fresh = Recent(capacity)
    fresh.load(encoding.decode(encoding.encode(recent.plain())))
    return fresh


def test_what_came_before_is_repeated():
    """In the array itself, in an earlier one, or not at all."""
    recent = Recent(1000)
    assert recent.repeated(numbers(1, 2, 3)) is None
    assert recent.repeated(numbers(4, 2, 4, 5)).tolist() == [False, True, True, False]
    assert recent.repeated(numbers(5, 2**64 - 1)).tolist() == [True, False]
    assert recent.repeated(numbers(2**64 - 1)).tolist() == [True]


def test_the_oldest_are_forgotten():
    """No less than the capacity is remembered, and at most two segments more."""
    recent = Recent(2 * SEGMENT)
    for start in range(0, 10 * SEGMENT, 1000):
        recent.repeated(np.arange(start, start + 1000, dtype=np.uint64))
        assert len(recent) <= 3 * SEGMENT + 1000
    end = start + 1000
    latest = np.arange(end - 2 * SEGMENT, end, dtype=np.uint64)
    assert recent.repeated(latest).all()
    assert recent.repeated(numbers(0, 1)) is None


def test_a_commit_writes_only_the_segment_that_grew():
    """Those that are full keep their number."""
    recent = Recent(10 * SEGMENT)
    recent.repeated(np.arange(2 * SEGMENT + 5, dtype=np.uint64))
    before = recent.versions()
    recent.repeated(numbers(2**40))
    after = recent.versions()
    assert {key for key in after if after[key] != before.get(key)} == {"2"}
    assert after == {"0": SEGMENT, "1": SEGMENT, "2": 6}


def test_storage_remembers_the_same():
    """Also where less may be remembered from now on."""
    recent = Recent(4 * SEGMENT)
    recent.repeated(np.arange(3 * SEGMENT + 7, dtype=np.uint64))
    again = stored(recent, 4 * SEGMENT)
    assert len(again) == len(recent)
    assert again.versions() == recent.versions()
    assert again.repeated(np.arange(3 * SEGMENT + 7, dtype=np.uint64)).all()
    fewer = stored(recent, SEGMENT)
    assert fewer.repeated(numbers(3 * SEGMENT + 6)).all()
    assert fewer.repeated(numbers(0)) is None


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=8), st.integers(0, 8))
def test_repeats_are_those_of_a_set(batches, restart):
    """Whatever the batches, and wherever a restart comes between."""
    recent, seen = Recent(1000), set()
    for position, batch in enumerate(batches):
        if position == restart:
            recent = stored(recent, 1000)
        found = recent.repeated(numbers(*batch))
        expected = []
        for number in batch:
            expected.append(number in seen)
            seen.add(number)
        assert (found.tolist() if found is not None else [False] * len(batch)) == expected
