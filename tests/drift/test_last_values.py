from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.drift.last_values import BLOCK, CAPACITY, LastValues
from exporter.storage.encoding import decode, encode
from exporter.storage.ledger import Ledger
from exporter.storage.nesting import nested


def filled(*parts):
    """Return what keeps the last of some arrays."""
    last = LastValues()
    for part in parts:
        last.add(part)
    return last


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 3, BLOCK - 1, BLOCK, 2_700, CAPACITY + 7]), max_size=7))
def test_the_last_ten_thousand_are_kept_in_their_order(sizes):
    """However the stream is cut, and across a restart."""
    stream = np.arange(sum(sizes), dtype=np.float64)
    parts = np.split(stream, np.cumsum(sizes)[:-1]) if sizes else []
    last = filled(*parts)
    assert last.view().values.tolist() == stream[-CAPACITY:].tolist()
    restored = filled(np.ones(3))
    restored.load(decode(encode(last)))
    assert restored.view().values.tolist() == stream[-CAPACITY:].tolist()


def test_a_copy_does_not_change():
    """What is added afterwards is not in it, and full blocks are shared, not copied."""
    last = filled(np.zeros(BLOCK + 10))
    before = last.view()
    assert last.view() is before
    last.add(np.ones(5))
    assert before.values.tolist() == [0.0] * (BLOCK + 10)
    assert last.view().blocks[0] is before.blocks[0]


def written(ledger, last):
    """Commit the values; return the rows that were written and removed."""
    staged = ledger.stage({"m": {"values": last}})
    ledger.settle(staged)
    return set(staged["m"].written), set(staged["m"].removed)


def test_a_commit_writes_what_is_new():
    """Full blocks once, the open one again, and those that are too old are removed."""
    ledger, last = Ledger(), filled(np.zeros(BLOCK + 10))
    assert written(ledger, last) == ({"", "/values/0", "/values/1"}, set())
    last.add(np.ones(5))
    assert written(ledger, last) == ({"/values/1"}, set())
    assert written(ledger, last) == (set(), set())
    last.add(np.arange(CAPACITY, dtype=np.float64))
    rows, removed = written(ledger, last)
    assert removed == {"/values/0"}
    assert rows == {f"/values/{number}" for number in range(1, 22)}


def test_a_restart_writes_nothing_again():
    """The numbers of the blocks go on."""
    last = filled(np.arange(CAPACITY + 3 * BLOCK + 10, dtype=np.float64))
    first = Ledger().stage({"m": {"values": last}})["m"].written
    ledger, restored = Ledger(), LastValues()
    ledger.adopt({"m": first})
    restored.load(nested(first)["values"])
    assert written(ledger, restored) == (set(), set())
    restored.add(np.ones(1))
    assert written(ledger, restored) == ({"/values/23"}, set())


def test_other_values_are_written_even_if_there_are_as_many():
    """Loading makes every row another one."""
    ledger, last = Ledger(), filled(np.zeros(10))
    written(ledger, last)
    last.load({"0": np.ones(10)})
    assert written(ledger, last) == ({"/values/0"}, set())


def test_huge_values_can_be_squared_twice():
    """What is beyond 1e70 counts as that."""
    assert filled(np.array([1e300, -1e300, 5.0])).view().values.tolist() == [1e70, -1e70, 5.0]


@pytest.mark.parametrize("broken", [np.zeros((2, 2)), np.array([np.nan]), np.array(["a"])])
def test_what_is_no_list_of_numbers_is_refused(broken):
    """The monitor then starts afresh."""
    with pytest.raises(ValueError, match=r"no lists of numbers|could not convert"):
        LastValues().load({"0": broken})
