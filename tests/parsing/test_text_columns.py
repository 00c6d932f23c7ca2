from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.json_lines import JsonLines
from exporter.parsing.text_columns import TextColumns

NOW = 1_800_000_000.0


def batch(
    texts, *, task="auto", fields=None, features=(), other_models=(), dot=".", violations=None
):
    """Return the batch of columns of texts by key, and how many records are another model's."""
    columns = TextColumns(task, fields or {}, features, other_models, dot)
    (number,) = {len(column) for column in texts.values()} or {0}
    return columns.batch(texts, number, NOW, Counter(violations or {}))


def one(**texts):
    """Return the batch of a record."""
    return batch({key: [text] for key, text in texts.items()})[0]


def test_every_field_gets_its_type():
    """Numbers in base units, times, classes, an error and its type."""
    found = batch(
        {
            "timestamp": ["2027-01-15T08:00:00Z", "1800000000", "1800000000500", "yesterday"],
            "model_version": ["7", "007", "v1", "7"],
            "prediction": ["refund", "007", None, "1"],
            "true_label": ["refund", "7", None, "true"],
            "confidence": ["0.93", " .5 ", None, "1"],
            "latency_ms": ["41", None, "2e3", None],
            "latency_s": [None, "0.25", None, "3"],
            "error": [None, "false", "timed out", "0"],
            "error_type": [None, None, "Timeout", "-"],
        }
    )[0]
    assert found.timestamp.tolist()[:3] == [NOW, NOW, NOW + 0.5]
    assert found.version.decode() == ["7", "007", "v1", "7"]
    assert found.prediction.decode() == ["refund", "007", None, "1"]
    assert found.label.decode() == ["refund", "7", None, "true"]
    assert found.confidence.tolist()[:2] == [0.93, 0.5]
    assert found.latency.tolist() == [0.041, 0.25, 2.0, 3.0]
    assert found.failed.tolist() == [False, False, True, False]
    assert found.error_type.decode() == [None, None, "Timeout", None]
    assert found.violations == {("timestamp", "format"): 1}


@pytest.mark.parametrize("text", ["", "null"])
def test_nothing_is_there(text):
    """In any field."""
    found = one(prediction=text, true_label=text, confidence="0.5", error=text, latency_ms=text)
    assert found.prediction.decode() == found.label.decode() == [None]
    assert (found.failed.tolist(), found.violations) == ([False], {})
    assert math.isnan(found.latency[0])


@pytest.mark.parametrize("text", ["-", "nil", "None"])
def test_words_for_nothing_can_be_classes(text):
    """They are in prediction and true_label, and nothing elsewhere."""
    found = one(prediction=text, true_label=text, error_type=text, confidence=text)
    assert found.prediction.decode() == found.label.decode() == [text]
    assert (found.failed.tolist(), found.violations) == ([False], {})


@pytest.mark.parametrize("text", ["high", "1_000", "٣", "0x10", "1,5", "--1"])
def test_what_is_no_number_is_counted(text):
    """The field is dropped, the record counts."""
    found = one(prediction="a", confidence=text, latency_ms=text)
    assert found.violations == {("confidence", "type"): 1, ("latency_ms", "type"): 1}
    assert found.prediction.decode() == ["a"]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_what_is_not_finite_is_counted(text):
    """As in JSON."""
    assert one(prediction="a", confidence=text).violations == {("confidence", "finite"): 1}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("41.3ms", 0.0413), ("1m2.5s", 62.5), ("250µs", 250e-6), ("1h", 3600.0), ("7ns", 7e-9)],
)
@pytest.mark.parametrize("field", ["latency_ms", "latency_s", "latency_us"])
def test_a_latency_may_carry_its_unit(text, seconds, field):
    """As Go writes durations, whichever field it is mapped to."""
    found = one(**{field: text})
    assert found.latency.tolist() == pytest.approx([seconds])
    assert not found.violations


@pytest.mark.parametrize("text", ["ms", "5 ms", "1.2.3s", "5ms x", "-5ms", "5d"])
def test_what_looks_like_a_duration(text):
    """Costs the field, nothing else."""
    found = one(prediction="a", latency_ms=text)
    assert found.violations.total() == 1
    assert math.isnan(found.latency[0])


def test_a_confidence_has_no_unit():
    """A duration is none."""
    assert one(prediction="a", confidence="0.5s").violations == {("confidence", "type"): 1}


def test_regression():
    """Predictions and labels are numbers; what is none is a violation."""
    texts = {"prediction": ["7", "0.5", "x"], "true_label": ["8", "y", "1"]}
    found = batch(texts, task="regression")[0]
    assert found.prediction_value.tolist()[:2] == [7.0, 0.5]
    assert found.label_value.tolist()[0] == 8.0
    assert found.violations == {("prediction", "type"): 1, ("true_label", "type"): 1}


def test_auto_takes_fractions_without_confidence_for_numbers():
    """The same rule as for JSON; as a class, the text stays as it was logged."""
    texts = {
        "prediction": ["0.50", "0.50", "0.50", "7", "1.2.3"],
        "true_label": ["0.75", "0.50", None, None, None],
        "confidence": [None, "0.9", None, None, None],
        "probabilities": [None, None, '{"0.50": 0.7}', None, None],
    }
    found = batch(texts)[0]
    assert found.prediction_value.tolist()[0] == 0.5
    assert found.label_value.tolist()[0] == 0.75
    assert found.prediction.decode() == [None, "0.50", "0.50", "7", "1.2.3"]
    assert found.confidence.tolist()[2] == 0.7
    assert batch(texts, task="classification")[0].prediction.decode()[0] == "0.50"


def test_features_are_below_their_key():
    """Numbers where JSON would call them so, else texts; NaN is missing."""
    texts = {
        "prediction": ["a", "b", "c"],
        "features.age": ["42", "1e3", "NaN"],
        "features.zip": ["08001", "8001", "-"],
        "features.plan": ["pro", "true", ""],
        "features.a.b": ["1", "2", "3"],
        "age": ["1", "1", "1"],
    }
    features = ("age", "zip", "plan", "a.b", "unknown")
    found = batch(texts, features=features)[0].features
    assert {name: list(column.raw) for name, column in found.items()} == {
        "age": [42, 1000.0, None],
        "zip": ["08001", 8001, None],
        "plan": ["pro", "true", None],
        "a.b": [1, 2, 3],
        "unknown": [None, None, None],
    }
    every = batch(texts, features=None)[0].features
    assert list(every) == ["age", "zip", "plan", "a.b"]


def test_features_without_a_prefix():
    """With `features` mapped to nothing every column is one that is no field of the schema."""
    texts = {
        "id": ["1"],
        "age": ["42"],
        "prediction": ["a"],
        "score": ["0.5"],
        "request_id": ["x"],
    }
    fields = {"features": "", "confidence": "score", "slice": "id"}
    found = batch(texts, fields=fields, features=None)[0]
    assert {name: list(column.raw) for name, column in found.features.items()} == {"age": [42]}
    assert found.confidence.tolist() == [0.5]
    assert list(batch(texts, fields=fields, features=["age"])[0].features["age"].raw) == [42]


def test_a_dot_may_have_another_name():
    """Names of groups have none."""
    texts = {"prediction": ["a"], "features_age": ["42"], "score_top": ["0.5"]}
    fields = {"confidence": "score.top"}
    for features in (None, ["age"]):
        found = batch(texts, fields=fields, features=features, dot="_")[0]
        assert {name: list(column.raw) for name, column in found.features.items()} == {"age": [42]}
        assert found.confidence.tolist() == [0.5]


def test_values_that_would_tear_a_list_apart():
    """Texts with commas and brackets stay what they are."""
    texts = {"prediction": ["a"] * 4, "features.x": ["1,2", "3],[4", "[5]", "6"]}
    assert list(batch(texts, features=["x"])[0].features["x"].raw) == ["1,2", "3],[4", "[5]", 6]


def test_other_models():
    """Their records are left out of every column."""
    texts = {
        "model": ["a", "b", None],
        "prediction": ["1", "2", "3"],
        "features.x": ["4", "5", "6"],
    }
    found, others = batch(texts, features=["x"], other_models=["b"])
    assert others == 1
    assert found.prediction.decode() == ["1", "3"]
    assert list(found.features["x"].raw) == [4, 6]


SCALARS = st.none() | st.integers(-(10**6), 10**6) | st.floats(0, 2, allow_nan=False)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "prediction": st.sampled_from(["a", "b", "x y", None]),
                "true_label": st.sampled_from(["a", "b", None]),
                "confidence": SCALARS,
                "latency_ms": SCALARS,
                "timestamp": st.sampled_from([None, 7000, "2026-01-31T09:30:00Z", 1.5]),
                "x": SCALARS | st.sampled_from(["u", "v"]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_texts_mean_what_json_means(records):
    """Records written as texts and as JSON end in the same columns."""
    lines = [
        json.dumps(
            {key: value for key, value in record.items() if key != "x"}
            | {"features": {"x": record["x"]}}
        ).encode()
        for record in records
    ]
    theirs = JsonLines(features=["x"]).parse(lines, NOW).batch
    texts = {
        ("features.x" if key == "x" else key): [
            None if record[key] is None else str(record[key]) for record in records
        ]
        for key in records[0]
    }
    ours = batch(texts, features=["x"])[0]
    for name in ("timestamp", "confidence", "latency"):
        assert getattr(ours, name).tolist() == pytest.approx(
            getattr(theirs, name).tolist(), nan_ok=True
        )
    for name in ("prediction", "label", "version", "error_type"):
        assert getattr(ours, name).decode() == getattr(theirs, name).decode()
    assert list(ours.features["x"].raw) == list(theirs.features["x"].raw)
    assert +ours.violations == +theirs.violations
    assert ours.invalid == theirs.invalid
