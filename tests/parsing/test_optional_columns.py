"""Fields that many logs do not have."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.fields import OPTIONAL_FIELDS, OPTIONAL_NUMBERS
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.logfmt import Logfmt
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines

NOW = 1_000_000.0


def parse(*records, **options):
    """Parse records to a batch."""
    return JsonLines(**options).parse([json.dumps(one).encode() for one in records], NOW).batch


def test_what_no_record_holds_is_no_column():
    """So that a monitor can tell at once that there is nothing for it."""
    batch = parse({"prediction": "a"}, {"prediction": "b", "confidence": 0.5})
    assert batch.request_id is None
    assert batch.scores is None
    assert (batch.numbers, batch.classes, batch.maps) == ({}, {}, {})


def test_numbers_flags_and_texts():
    """Each in its own type, absent where one record has none."""
    batch = parse(
        {"prediction": "a", "cost": 0.25, "escalated": True, "currency": "EUR", "request_id": "r1"},
        {"prediction": "a", "cost": 2, "escalated": 0, "request_id": 17},
        {"prediction": "a", "tokens_out": 5},
    )
    np.testing.assert_array_equal(batch.numbers["cost"], [0.25, 2, np.nan])
    np.testing.assert_array_equal(batch.numbers["escalated"], [1, 0, np.nan])
    np.testing.assert_array_equal(batch.numbers["tokens_out"], [np.nan, np.nan, 5])
    assert batch.classes["currency"].decode() == ["EUR", None, None]
    assert batch.request_id == ("r1", "17", None)
    assert not +batch.violations


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("oov_ratio", 1.5, "range"),
        ("cost", -1, "range"),
        ("cost", "much", "type"),
        ("cost", float("nan"), "finite"),
        ("escalated", "perhaps", "type"),
        ("escalated", 2, "type"),
        ("slice", "north", "type"),
        ("request_id", "x" * 257, "type"),
        ("request_id", "", "type"),
        ("probabilities", {"a": 1.5}, "range"),
        ("probabilities", {"a": "high"}, "range"),
        ("probabilities", {}, "range"),
    ],
)
def test_what_breaks_a_rule_costs_the_field(field, value, rule):
    """The record counts, and the one beside it keeps its value."""
    good = {"prediction": "a", "cost": 1, "slice": {"x": 1}, "request_id": "r"}
    batch = parse(good, {"prediction": "b", field: value})
    assert +batch.violations == {(field, rule): 1}
    assert batch.prediction.decode() == ["a", "b"]
    np.testing.assert_array_equal(batch.numbers["cost"], [1, np.nan])
    assert batch.request_id == ("r", None)


def test_maps_are_columns_by_name():
    """Slices and attributions."""
    batch = parse(
        {"prediction": "a", "slice": {"region": "north", "age": 41}},
        {"prediction": "a", "attributions": {"income": -0.5}},
    )
    assert list(batch.maps["slice"]["region"].raw) == ["north", None]
    assert batch.maps["slice"]["age"].categorical().decode() == ["41", None]
    np.testing.assert_array_equal(batch.maps["attributions"]["income"].numeric(), [np.nan, -0.5])


def test_probabilities_by_class():
    """The highest stands in for a confidence that was not logged."""
    batch = parse(
        {"prediction": "a", "probabilities": {"a": 0.75, "b": 0.25}},
        {"prediction": "b", "probabilities": {"b": 1, "c": 0}, "confidence": 0.5},
        {"prediction": "b", "probabilities": None},
    )
    assert batch.scores.classes == ("a", "b", "c")
    expected = [[0.75, 0.25, np.nan], [np.nan, 1, 0], [np.nan] * 3]
    np.testing.assert_array_equal(batch.scores.values, expected)
    np.testing.assert_array_equal(batch.scores.of("c"), [np.nan, 0, np.nan])
    np.testing.assert_array_equal(batch.scores.of("d"), [np.nan] * 3)
    np.testing.assert_array_equal(batch.confidence, [0.75, 0.5, np.nan])


def test_ground_truth_with_a_cost_of_its_own_is_no_attempt():
    """But a record of nothing but tokens is one."""
    batch = parse({"request_id": "r", "true_label": "a", "cost": 3}, {"tokens_in": 12})
    assert batch.attempt.tolist() == [False, True]


def test_an_optional_field_gives_way_to_a_mapped_key():
    """What lies within `slice` is read as configured, and `slice` itself is not."""
    batch = parse(
        {"prediction": "a", "slice": {"version": "7"}}, fields={"model_version": "slice.version"}
    )
    assert batch.version.decode() == ["7"]
    assert batch.maps == {}


def test_selected_records_keep_all_columns():
    """As when a batch is split by version."""
    batch = parse(
        {"prediction": "a", "cost": 1, "slice": {"x": "p"}, "request_id": "r1"},
        {"prediction": "b", "cost": 2, "finish_reason": "stop", "probabilities": {"a": 0.5}},
    ).take(np.array([1]))
    assert batch.request_id == (None,)
    assert batch.numbers["cost"].tolist() == [2]
    assert batch.classes["finish_reason"].decode() == ["stop"]
    assert batch.scores.values.tolist() == [[0.5]]
    assert batch.maps["slice"]["x"].raw == [None]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"prediction": st.just("a")},
            optional={
                **dict.fromkeys(OPTIONAL_NUMBERS, st.floats(0, 1)),
                "escalated": st.booleans(),
                "finish_reason": st.sampled_from(["stop", "length"]),
                "currency": st.sampled_from(["EUR", "USD"]),
                "request_id": st.text("abc", min_size=1),
                "slice": st.dictionaries(st.sampled_from("xy"), st.integers(0, 3), max_size=2),
                "attributions": st.dictionaries(st.sampled_from("xy"), st.floats(-1, 1)),
            },
        ),
        min_size=1,
        max_size=6,
    )
)
def test_text_formats_say_the_same_as_json(records):
    """Whatever is there, in any mixture."""
    texts = [
        " ".join(
            f"{key}={json.dumps(json.dumps(value) if isinstance(value, dict) else value)}"
            for key, value in record.items()
        ).encode()
        for record in records
    ]
    written = TextLines(Logfmt(), TextColumns("auto", {}, (), ())).parse(texts, NOW).batch
    batch = parse(*records)
    assert written.request_id == batch.request_id
    assert written.numbers.keys() == batch.numbers.keys()
    for name, values in batch.numbers.items():
        np.testing.assert_allclose(written.numbers[name], values, rtol=1e-12)
    for name, column in batch.classes.items():
        assert written.classes[name].decode() == column.decode()
    for field, columns in batch.maps.items():
        for name, column in columns.items():
            assert list(written.maps[field][name].raw) == list(column.raw)


def test_every_optional_field_is_read():
    """None is forgotten on the way."""
    record = {
        "prediction": "a",
        "request_id": "r",
        "escalated": True,
        "currency": "EUR",
        "finish_reason": "stop",
        "slice": {"x": 1},
        "shadow": {"x": 1},
        "attributions": {"x": 1},
        "package_versions": {"x": "1"},
        **dict.fromkeys(OPTIONAL_NUMBERS, 0.5),
    }
    assert record.keys() - {"prediction"} == set(OPTIONAL_FIELDS)
    batch = parse(record)
    found = {*batch.numbers, *batch.classes, *batch.maps, "request_id"}
    assert found == set(OPTIONAL_FIELDS)
