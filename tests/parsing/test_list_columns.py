from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.list_columns import LIST_TASKS, lists_of
from exporter.parsing.text_columns import TextColumns
from tests.monitors.builders import parse
from tests.parsing.test_columns import ANYTHING


def decoded(*raw):
    """Return the lists of a column, and which values are none."""
    column, unusable = lists_of(list(raw))
    return None if column is None else column.decode(), unusable.tolist()


def test_lists_and_single_classes():
    """Numbers and booleans have the names of classes; nothing is twice in a list."""
    assert decoded(["b", "a", "b"], "a", [], None, [1, True, 1.0, "1"], 7) == (
        [["b", "a"], ["a"], [], None, ["1", "true"], ["7"]],
        [False] * 6,
    )


@pytest.mark.parametrize("bad", [["a", None], [["a"]], ["a", {}], {"a": 1}, [math.nan], math.inf])
def test_what_is_no_list_of_classes(bad):
    """Costs its own record alone."""
    assert decoded(["a"], bad, ["b"]) == ([["a"], None, ["b"]], [False, True, False])
    assert decoded(bad) == (None, [True])


def test_texts_that_name_nothing():
    """Empty ones are left out, long ones are cut."""
    assert decoded(["", "a"], ["x" * 300, "x" * 200])[0] == [["a"], ["x" * 128]]


def test_without_lists_there_is_no_column():
    """Most logs have none."""
    assert decoded(None, None) == (None, [False, False])
    assert decoded() == (None, [])


@pytest.mark.parametrize("task", LIST_TASKS)
def test_records_of_lists(task):
    """Prediction and ground truth, together or apart; neither is a class or a number."""
    found = parse(
        {"prediction": ["b", "a"], "true_label": ["a"]},
        {"prediction": []},
        {"true_label": "a", "request_id": "1"},
        {"prediction": ["a"], "true_label": [{}]},
        {"prediction": ["a", None]},
        {"latency_ms": 3},
        {},
        task=task,
    )
    assert found.prediction_lists.decode() == [["b", "a"], [], None, ["a"], None]
    assert found.label_lists.decode() == [["a"], None, ["a"], None, None]
    assert found.attempt.tolist() == [True, True, False, True, True]
    assert found.truth.tolist() == [True, False, True, False, False]
    assert found.labelled.tolist() == [True, False, False, False, False]
    assert found.prediction.decode() == found.label.decode() == [None] * 5
    assert found.invalid == {"prediction": 1, "nothing_to_measure": 1}
    assert found.violations == {("true_label", "type"): 1}


def test_other_tasks_take_no_lists():
    """There a list is no prediction."""
    found = parse({"prediction": ["a"]}, {"prediction": "a", "true_label": ["a"]})
    assert found.prediction_lists is None
    assert found.label_lists is None
    assert found.invalid == {"prediction": 1}
    assert found.violations == {("true_label", "type"): 1}


def test_lists_in_text():
    """As JSON writes them; any other text is a list of one."""
    columns = TextColumns("multilabel", {}, (), ())
    lines = [
        b"prediction,true_label",
        b'"[""a"", 1]",a',
        b'[],"[a, b]"',
        b'-7.50,"[""-7.50""]"',
        b",[]",
    ]
    batch = CsvLines(columns, ",").parse(lines, 0.0).batch
    assert batch.prediction_lists.decode() == [["a", "1"], [], ["-7.50"], None]
    assert batch.label_lists.decode() == [["a"], ["[a, b]"], ["-7.50"], []]


RECORDS = st.fixed_dictionaries({}, optional={"prediction": ANYTHING, "true_label": ANYTHING})


@given(st.lists(RECORDS, max_size=6))
def test_no_value_does_harm(records):
    """Whatever is logged: each record is there or counted as invalid."""
    found = parse(*records, task="ranking")
    assert len(found) + found.invalid.total() == len(records)
    assert (found.labelled <= found.attempt).all()
