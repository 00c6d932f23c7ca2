from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.monitors.builders import parse

nan = math.nan
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=4,
)
FIELDS = (
    "timestamp",
    "model_version",
    "prediction",
    "true_label",
    "confidence",
    "probabilities",
    "latency_ms",
    "latency_s",
    "latency_us",
    "error",
    "error_type",
)


def approx(values):
    """Compare with NaN equal to NaN."""
    return pytest.approx(values, nan_ok=True)


def test_every_field_of_a_record():
    """Each in its column, in base units."""
    batch = parse(
        {
            "timestamp": 1000.5,
            "model_version": "1.2",
            "prediction": "spam",
            "true_label": "ham",
            "confidence": 0.75,
            "latency_ms": 250,
        },
        {"error": "out of memory", "error_type": "MemoryError"},
    )
    assert batch.timestamp.tolist() == approx([1000.5, nan])
    assert batch.version.decode() == ["1.2", None]
    assert batch.prediction.decode() == ["spam", None]
    assert batch.label.decode() == ["ham", None]
    assert batch.confidence.tolist() == approx([0.75, nan])
    assert batch.latency.tolist() == approx([0.25, nan])
    assert batch.failed.tolist() == [False, True]
    assert batch.error_type.decode() == [None, "MemoryError"]
    assert batch.attempt.tolist() == [True, True]
    assert not batch.violations
    assert not batch.invalid


@pytest.mark.parametrize(
    ("value", "rule", "kept"),
    [
        (0, None, 0.0),
        (1, None, 1.0),
        (1.7, "range", nan),
        (-0.1, "range", nan),
        ("0.9", "type", nan),
        (True, "type", nan),
        ([0.9], "type", nan),
        (nan, "finite", nan),
        (math.inf, "finite", nan),
        (-math.inf, "finite", nan),
        (10**400, "finite", nan),
        (None, None, nan),
    ],
)
def test_rules_of_the_confidence(value, rule, kept):
    """What breaks one is dropped and counted; the record still counts."""
    batch = parse({"prediction": "a", "confidence": value}, {"prediction": "b", "confidence": 0.5})
    assert batch.confidence.tolist() == approx([kept, 0.5])
    assert batch.violations == ({("confidence", rule): 1} if rule else {})
    assert batch.prediction.decode() == ["a", "b"]


def test_1e999_is_not_finite():
    """JSON has no limit for numbers, floats have."""
    batch = parse(b'{"prediction": "a", "confidence": 1e999, "latency_ms": -1e999}')
    assert batch.violations == {("confidence", "finite"): 1, ("latency_ms", "finite"): 1}


@pytest.mark.parametrize(
    ("logged", "confidence", "violations"),
    [
        ({"a": 0.25, "b": 0.75}, 0.75, 0),
        ({"a": 1}, 1.0, 0),
        ({}, nan, 1),
        ({"a": 1.5, "b": 0.5}, 0.5, 1),
        ({"a": "x", "b": None, "c": True}, nan, 1),
        ({"a": nan}, nan, 1),
        ([0.5], nan, 1),
        (None, nan, 0),
    ],
)
def test_the_highest_probability_stands_in_for_the_confidence(logged, confidence, violations):
    """Where none was logged; probabilities that are none are counted."""
    batch = parse({"prediction": "a", "probabilities": logged})
    assert batch.confidence.tolist() == approx([confidence])
    assert batch.violations.total() == violations
    logged_too = parse({"prediction": "a", "probabilities": logged, "confidence": 0.125})
    assert logged_too.confidence.tolist() == [0.125]


@pytest.mark.parametrize(
    ("logged", "violations"),
    [
        (b'{"a": 1e999}', {("probabilities", "range"): 1}),
        (b'{"\xff": 0.5}', {("line", "utf8"): 1}),
        (b'{"a": "\xff"}', {("line", "utf8"): 1, ("probabilities", "range"): 1}),
    ],
)
def test_probabilities_that_can_not_be_decoded(logged, violations):
    """They cost themselves, and not the line."""
    batch = parse(b'{"prediction": "a", "probabilities": ' + logged + b"}")
    assert batch.prediction.decode() == ["a"]
    assert +batch.violations == violations


def test_units_of_the_latency():
    """The first unit that is logged counts; negative and infinite ones are dropped."""
    batch = parse(
        {"latency_ms": 1500},
        {"latency_s": 1.5},
        {"latency_us": 1_500_000},
        {"latency_ms": 5, "latency_s": 7},
        {"latency_ms": -5, "latency_s": 7},
        {"latency_ms": math.inf, "prediction": "a"},
        {"latency_ms": 0},
    )
    assert batch.latency.tolist() == approx([1.5, 1.5, 1.5, 0.005, 7, nan, 0])
    assert batch.violations == {("latency_ms", "range"): 1, ("latency_ms", "finite"): 1}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, nan, math.inf, -math.inf, []])
def test_a_prediction_that_is_no_class_and_no_number_is_invalid(value):
    """Its record is in no column; its neighbours are."""
    batch = parse(
        {"prediction": "a"}, {"prediction": value, "confidence": 0.5}, {"prediction": "b"}
    )
    assert batch.prediction.decode() == ["a", "b"]
    assert batch.invalid == {"prediction": 1}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, nan])
def test_a_label_that_is_none_is_dropped(value):
    """The prediction still counts."""
    batch = parse({"prediction": "a", "true_label": value})
    assert batch.label.decode() == [None]
    assert batch.violations == {("true_label", "type"): 1}
    assert not batch.invalid


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"request_id": "7"},
        {"timestamp": 5, "model_version": "1"},
        {"prediction": None},
        {"prediction": ""},
        {"confidence": 1.7},
        {"error": False, "error_type": ""},
        {"features": {"a": 1}},
    ],
)
def test_a_record_must_hold_something_to_measure(record):
    """Otherwise it is invalid, whatever else it says."""
    batch = parse(record, {"prediction": "a"})
    assert len(batch) == 1
    assert batch.invalid == {"nothing_to_measure": 1}


def test_what_counts_as_failed():
    """Any error that is not null, false, zero or empty; its type is unknown if not told."""
    batch = parse(
        {"error": "x"},
        {"error": True},
        {"error": {"code": 5}},
        {"error_type": "Timeout"},
        {"prediction": "a", "error": None},
        {"prediction": "a", "error": ""},
        {"prediction": "a", "error": 0},
    )
    assert batch.failed.tolist() == [True, True, True, True, False, False, False]
    unknown = "unknown"
    assert batch.error_type.decode() == [unknown, unknown, unknown, "Timeout", None, None, None]


def test_versions():
    """Text or number; an empty one is none, one of another type is dropped."""
    versions = ["1.0", "", None, 2, 2.5, "2", [1], "v" * 500]
    batch = parse(*[{"prediction": "a", "model_version": version} for version in versions])
    assert batch.version.decode() == ["1.0", None, None, "2", "2.5", "2", None, "v" * 128]
    assert batch.violations == {("model_version", "type"): 1}


def test_a_fractional_number_alone_is_a_regression():
    """With a score it is a class, even with one that broke a rule; integers are classes."""
    batch = parse(
        {"prediction": 2.5, "true_label": 3},
        {"prediction": 2.5, "confidence": 0.5},
        {"prediction": 2.0, "probabilities": {"2": 0.5}, "true_label": 2},
        {"prediction": 2.5, "confidence": nan},
        {"prediction": 2, "true_label": 2},
        {"prediction": 1.0},
    )
    assert batch.prediction.decode() == [None, "2.5", "2", "2.5", "2", None]
    assert batch.prediction_value.tolist() == approx([2.5, nan, nan, nan, nan, 1.0])
    assert batch.label.decode() == [None, None, "2", None, "2", None]
    assert batch.label_value.tolist() == approx([3, nan, nan, nan, nan, nan])


def test_the_task_can_be_told():
    """Then the form of a number decides nothing."""
    records = [{"prediction": 2.5, "true_label": 2}, {"prediction": 2, "confidence": 0.5}]
    classes = parse(*records, task="classification")
    assert classes.prediction.decode() == ["2.5", "2"]
    assert classes.label.decode() == ["2", None]
    assert np.isnan(classes.prediction_value).all()
    numbers = parse(*records, task="regression")
    assert numbers.prediction.decode() == [None, None]
    assert numbers.prediction_value.tolist() == [2.5, 2]
    assert numbers.label_value.tolist() == approx([2, nan])


def test_text_in_a_regression_is_dropped_and_counted():
    """In predictions and in labels."""
    batch = parse(
        {"prediction": "high", "latency_s": 1},
        {"prediction": 1.5, "true_label": "low"},
        {"prediction": 10**400, "latency_s": 1},
        task="regression",
    )
    assert batch.prediction_value.tolist() == approx([nan, 1.5, nan])
    assert batch.violations == {("prediction", "type"): 2, ("true_label", "type"): 1}


def test_long_classes_are_cut():
    """Those that begin alike become one."""
    batch = parse({"prediction": "x" * 200}, {"prediction": "x" * 128 + "y"}, {"prediction": "z"})
    assert batch.prediction.values == ("x" * 128, "z")
    assert batch.prediction.codes.tolist() == [0, 0, 1]


def test_features_are_handed_on_as_they_are():
    """Those that were asked for, by name; absent ones are None."""
    batch = parse(
        {"prediction": "a", "features": {"age": 7, "plan": "gold", "more": 1}},
        {"prediction": ["invalid"], "features": {"age": 8}},
        {"prediction": "a", "features": {"age": [1]}},
        {"prediction": "a"},
        features=["age", "plan"],
    )
    assert {name: list(column.raw) for name, column in batch.features.items()} == {
        "age": [7, None, None],
        "plan": ["gold", None, None],
    }
    assert batch.violations == {("features", "type"): 1}


def test_all_features_can_be_asked_for():
    """As building a reference does: their names are not known before."""
    batch = parse(
        {"prediction": "a", "features": {"b": 7}},
        {"prediction": "a"},
        {"prediction": "a", "features": {"a": True, "b": None}},
        features=None,
    )
    assert {name: list(column.raw) for name, column in batch.features.items()} == {
        "b": [7, None, None],
        "a": [None, None, True],
    }


@given(
    st.lists(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), max_size=8),
    st.sampled_from(["auto", "classification", "regression"]),
)
def test_any_values_give_a_batch_that_keeps_its_rules(records, task):
    """Nothing raises, every column has the same length, and what is kept is in range."""
    batch = parse(*records, task=task)
    assert len(batch) + batch.invalid.total() == len(records)
    for column in (batch.version, batch.error_type, batch.prediction, batch.label):
        assert len(column.codes) == len(batch)
        assert all(0 < len(value) <= 128 for value in column.values)
    confidence = batch.confidence[~np.isnan(batch.confidence)]
    assert ((confidence >= 0) & (confidence <= 1)).all()
    latency = batch.latency[~np.isnan(batch.latency)]
    assert ((latency >= 0) & np.isfinite(latency)).all()
    assert not (np.isinf(batch.prediction_value) | np.isinf(batch.label_value)).any()
    measured = (batch.label.codes >= 0) | ~np.isnan(batch.label_value) | batch.attempt
    assert measured.all()
    assert ((batch.error_type.codes >= 0) == batch.failed).all()


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), max_size=8), st.integers(1, 3))
def test_a_record_is_read_the_same_whatever_is_beside_it(records, size):
    """Columns take short cuts by what they hold; none of them changes a value."""
    whole = parse(*records)
    parts = [parse(*records[start : start + size]) for start in range(0, len(records), size)]
    assert sum((part.invalid for part in parts), type(whole.invalid)()) == whole.invalid
    assert sum((part.violations for part in parts), type(whole.violations)()) == whole.violations
    for name in ("version", "error_type", "prediction", "label"):
        separate = [value for part in parts for value in getattr(part, name).decode()]
        assert getattr(whole, name).decode() == separate
    for name in ("timestamp", "confidence", "latency", "prediction_value", "label_value"):
        separate = [value for part in parts for value in getattr(part, name).tolist()]
        assert getattr(whole, name).tolist() == approx(separate)


def test_a_latency_beyond_all_measure_is_dropped():
    """The sum of the histogram stays finite; the record still counts."""
    batch = parse({"latency_s": 1e308, "prediction": "a"}, {"latency_ms": 1e12, "prediction": "a"})
    assert np.isnan(batch.latency[0])
    assert batch.latency[1] == 1e9
    assert batch.violations["latency_s", "range"] == 1
    assert len(batch) == 2
