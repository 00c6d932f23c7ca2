from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.embeddings import MAX_DIMENSION, Embeddings
from exporter.parsing.json_lines import JsonLines

NAN = [np.nan, np.nan]


def read(raw, dimension=2):
    """Return the rows as lists, and what was counted."""
    found = Counter()
    rows = Embeddings(dimension).of(raw, found)
    assert rows is None or (rows.dtype == np.float32 and rows.shape == (len(raw), dimension))
    return rows, dict(found)


def test_lists_become_rows():
    """Numbers of any kind, and NaN where nothing was logged."""
    rows, found = read([[1.5, 2], None, [-3, 0.25]])
    np.testing.assert_array_equal(rows, [[1.5, 2], NAN, [-3, 0.25]])
    assert found == {}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("text", "type"),
        (7, "type"),
        ({"a": 1}, "type"),
        ([1, "2"], "type"),
        ([1, None], "type"),
        ([1, 10**400], "type"),
        ([[1, 2], [3, 4]], "type"),
        ([1], "length"),
        ([], "length"),
        ([1, 2, 3], "length"),
        ([1, 1e300], "range"),
        ([1, float("nan")], "range"),
        ([1, float("-inf")], "range"),
    ],
)
def test_bad_rows_cost_themselves(value, rule):
    """Each is counted by what is wrong with it, and the good one beside it is read."""
    rows, found = read([value, [1, 2]])
    np.testing.assert_array_equal(rows, [NAN, [1, 2]])
    assert found == {("embedding", rule): 1}
    assert read([value]) == (None, {("embedding", rule): 1})


def test_an_array_of_one_row_is_that_row():
    """As a model service logs it that works on batches of one."""
    rows, found = read([[[1.0, 2.0]], [3.0, 4.0]])
    np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])
    assert found == {}


def test_most_of_the_first_ones_decide_how_long_they_are():
    """And it stays with that, from batch to batch."""
    embeddings, found = Embeddings(), Counter()
    assert embeddings.of([None, None], found) is None
    rows = embeddings.of([[1], [1, 2], [3, 4]], found)
    np.testing.assert_array_equal(rows, [NAN, [1, 2], [3, 4]])
    assert embeddings.of([[1], [2]], found) is None
    assert (embeddings.dimension, found) == (2, {("embedding", "length"): 3})


def test_what_is_too_long_or_nothing_decides_nothing():
    """Memory stays bounded, whatever a log holds."""
    embeddings, found = Embeddings(), Counter()
    assert embeddings.of([[0.0] * (MAX_DIMENSION + 1), [], "text"], found) is None
    assert (embeddings.dimension, found) == (None, {("embedding", "type"): 3})


@given(st.lists(st.none() | st.text() | st.integers() | st.lists(st.floats() | st.none())))
def test_nothing_raises_and_each_record_is_counted_once(raw):
    """Whatever was logged: a row, nothing, or a violation."""
    rows, found = read(raw)
    read_rows = 0 if rows is None else int((~np.isnan(rows)).all(axis=1).sum())
    assert read_rows + sum(found.values()) + raw.count(None) == len(raw)


def parse(*records, **options):
    """Parse records as JSON lines."""
    lines = [json.dumps(record).encode() for record in records]
    return JsonLines(**options).parse(lines, 0.0).batch


RECORD = {"prediction": "a", "embedding": [1, 2], "vector": [3, 4]}


def test_they_are_read_where_somebody_asks():
    """Else they are passed over; a mapped key is read in their place."""
    assert parse(RECORD).embedding is None
    assert parse(RECORD, embeddings=Embeddings()).embedding.tolist() == [[1, 2]]
    mapped = parse(RECORD, fields={"embedding": "vector"}, embeddings=Embeddings())
    assert mapped.embedding.tolist() == [[3, 4]]
    inside = parse({"embedding": {"p": "a"}}, fields={"prediction": "embedding.p"},
                   embeddings=Embeddings())  # fmt: skip
    assert (inside.embedding, inside.prediction.decode()) == (None, ["a"])


def test_a_record_with_a_bad_one_still_counts():
    """It costs the field; and records that are selected take theirs along."""
    batch = parse(RECORD, RECORD | {"embedding": "x"}, RECORD, embeddings=Embeddings(2))
    assert len(batch) == 3
    assert batch.violations == {("embedding", "type"): 1}
    assert batch.take(np.array([2])).embedding.tolist() == [[1, 2]]
