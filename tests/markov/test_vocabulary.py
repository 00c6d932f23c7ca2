from __future__ import annotations

from exporter.markov.vocabulary import Vocabulary
from exporter.records import Categorical


def test_values_are_numbered_in_order_of_admission():
    """Repeated values keep their first number."""
    vocabulary = Vocabulary(["b", "a", "b"])
    vocabulary.admit(["c", "a"])
    assert vocabulary.values == ("b", "a", "c")
    assert len(vocabulary) == 3
    assert vocabulary.numbers(["c", "x", "b"]).tolist() == [2, -1, 0]


def test_a_full_vocabulary_admits_nothing_more():
    """What came too late is unknown."""
    vocabulary = Vocabulary(capacity=2)
    vocabulary.admit(["a", "b", "c", "a"])
    assert vocabulary.values == ("a", "b")


def test_columns_are_encoded():
    """A record's value becomes its number; none and unknown become -1."""
    vocabulary = Vocabulary(["a", "b"])
    column = Categorical.encode(["b", None, "x", "a", "b"])
    assert vocabulary.encode(column).tolist() == [1, -1, -1, 0, 1]
    assert vocabulary.encode(Categorical.empty(2)).tolist() == [-1, -1]
