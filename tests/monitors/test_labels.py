from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.monitors.labels import OTHER, LabelValues
from exporter.records import Categorical


def encode(values, column):
    """Encode a column of strings."""
    return values.encode(Categorical.encode(column)).tolist()


def test_the_first_values_are_admitted():
    """Later ones are other, for good."""
    values = LabelValues(2)
    assert encode(values, ["b", None, "a", "c", "b"]) == [0, -1, 1, 2, 0]
    assert values.numbered() == [(0, "b"), (1, "a"), (2, OTHER)]
    assert values.refused == 1
    assert encode(values, ["c", "a", "d"]) == [2, 1, 2]
    assert values.values == ["b", "a"]


def test_known_values_have_their_numbers_from_the_start():
    """They take places, and other appears only when it occurs."""
    values = LabelValues(2, known=["x", "y", "x"])
    assert values.numbered() == [(0, "x"), (1, "y")]
    assert encode(values, ["z", "y"]) == [2, 1]


def test_a_class_called_other_is_other():
    """Two series of one name would be a broken exposition."""
    values = LabelValues(2)
    assert encode(values, ["other", "a"]) == [2, 0]
    assert values.numbered() == [(0, "a"), (2, OTHER)]


def test_values_that_no_record_carries_are_not_admitted():
    """A batch keeps the values of records that were filtered out."""
    values = LabelValues(5)
    column = Categorical.encode(["a", "b", "a"])
    assert values.encode(Categorical(column.codes[1:2], column.values)).tolist() == [0]
    assert values.values == ["b"]


def test_a_refused_value_is_other():
    """The budget decides, once for each value of a batch."""
    asked = []

    def grant():
        asked.append(True)
        return len(asked) < 2

    values = LabelValues(5, grant=grant)
    assert encode(values, ["a", "b", "b", "a"]) == [0, 5, 5, 0]
    assert len(asked) == 2
    assert values.refused == 2


def test_state_is_restored_whatever_the_budget_says():
    """Counts are stored by number: a value that lost its number would hand them to another."""
    values = LabelValues(3)
    encode(values, ["a", "b", "c", "d"])
    claimed = []
    restored = LabelValues(3, grant=lambda: claimed.append(True))
    restored.load(**values.dump())
    assert restored.numbered() == values.numbered()
    assert len(claimed) == 3
    assert encode(restored, ["c", "d"]) == [2, 3]


def test_more_values_than_fit_are_refused():
    """The state of a larger capacity has its `other` elsewhere."""
    with pytest.raises(ValueError, match="3 values are stored, only 2 fit"):
        LabelValues(2).load(values=["a", "b", "c"], refused=0)


@given(st.lists(st.lists(st.none() | st.sampled_from("abcdefg"), max_size=8), max_size=6))
def test_any_split_gives_the_same_numbers(batches):
    """Values are numbered in the order of the records."""
    whole, parts = LabelValues(4), LabelValues(4)
    flat = [value for batch in batches for value in batch]
    assert encode(whole, flat) == [code for batch in batches for code in encode(parts, batch)]
    assert whole.numbered() == parts.numbered()
    assert whole.refused == parts.refused


def test_merging_joins_values_by_name():
    """What is met here first keeps its number; what no longer fits is `other`."""
    mine, theirs = LabelValues(3), LabelValues(3)
    encode(mine, ["a", "b"])
    encode(theirs, ["c", "b", "d", "e"])
    assert mine.merge(theirs).tolist() == [2, 1, 3, 3]
    assert mine.numbered() == [(0, "a"), (1, "b"), (2, "c"), (3, "other")]
    assert mine.refused == 2
