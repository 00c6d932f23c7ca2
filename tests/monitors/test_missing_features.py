from __future__ import annotations

import json

import numpy as np
import pytest

from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.missing_features import MissingFeatures
from exporter.parsing.json_lines import JsonLines

LABELS = {"model": "bot", "version": "1"}


def number(name):
    """Return a numeric column of that name."""
    return NumericColumn(
        name, 1, 0, np.array([0.0]), np.array([1, 0]), Moments(0, None, 0, 0), np.zeros(1)
    )


REFERENCE = Reference(
    "bot",
    "",
    Provenance((), 1, None, None),
    (
        number("age"),
        number("confidence"),
        number("features.confidence"),
        CategoricalColumn("plan", 1, 0, ("gold",), np.array([1, 0])),
        CategoricalColumn("prediction", 1, 0, ("a",), np.array([1, 0])),
    ),
)


def batch(*records):
    """Parse records for the features of the reference."""
    lines = [json.dumps(record).encode() for record in records]
    return JsonLines(features=REFERENCE.features).parse(lines, 0.0).batch


def missing(monitor):
    """Return the counts by feature."""
    (family,) = monitor.families(monitor.snapshot(), 0.0)
    assert (family.name, family.type) == ("model_feature_missing", "counter")
    assert all(sample.name == "model_feature_missing_total" for sample in family.samples)
    assert all(LABELS.items() <= sample.labels.items() for sample in family.samples)
    return {sample.labels["feature"]: sample.value for sample in family.samples}


def test_every_feature_of_the_reference_starts_at_zero():
    """Outputs of the model are no features."""
    assert missing(MissingFeatures(LABELS, REFERENCE)) == {
        "age": 0,
        "features.confidence": 0,
        "plan": 0,
    }


def test_absent_null_nan_and_unusable_values_are_missing():
    """An unknown category and any finite number are not."""
    monitor = MissingFeatures(LABELS, REFERENCE)
    monitor.update(
        batch(
            {"prediction": "a", "features": {"age": 3, "plan": "new", "confidence": 1}},
            {"prediction": "a", "features": {"age": None, "plan": "gold", "confidence": 1}},
            {"prediction": "a", "features": {"age": float("nan"), "plan": None}},
            {"prediction": "a", "features": {"age": "old", "confidence": float("inf")}},
            {"prediction": "a"},
        )
    )
    assert missing(monitor) == {"age": 4, "plan": 3, "features.confidence": 3}


def test_failed_attempts_and_labels_miss_nothing():
    """They are not expected to carry features."""
    monitor = MissingFeatures(LABELS, REFERENCE)
    monitor.update(batch({"error": "boom"}, {"request_id": "1", "true_label": "a"}))
    monitor.update(batch())
    assert set(missing(monitor).values()) == {0}


def test_counts_survive_storage():
    """A feature that is new in the reference starts at 0, one that is gone is forgotten."""
    monitor = MissingFeatures(LABELS, REFERENCE)
    monitor.update(batch({"prediction": "a"}))
    state = monitor.dump()
    restored = MissingFeatures(LABELS, REFERENCE)
    restored.load(state)
    assert missing(restored) == missing(monitor)
    state["missing"] = {"age": 7, "gone": 9}
    restored.load(state)
    assert missing(restored) == {"age": 7, "plan": 0, "features.confidence": 0}


def test_a_snapshot_does_not_move():
    """A scrape reads it while the next batch is counted."""
    monitor = MissingFeatures(LABELS, REFERENCE)
    taken = monitor.snapshot()
    monitor.update(batch({"prediction": "a"}))
    (family,) = monitor.families(taken, 0.0)
    assert {sample.value for sample in family.samples} == {0}


def test_merging_adds():
    """Two halves give the counts of the whole; other features are refused."""
    one, two = MissingFeatures(LABELS, REFERENCE), MissingFeatures(LABELS, REFERENCE)
    one.update(batch({"prediction": "a"}))
    two.update(batch({"prediction": "a", "features": {"age": 1}}))
    one.merge(two)
    assert missing(one) == {"age": 1, "plan": 2, "features.confidence": 2}
    other = Reference("bot", "", REFERENCE.provenance, REFERENCE.columns[:1])
    with pytest.raises(ValueError, match="different features"):
        one.merge(MissingFeatures(LABELS, other))
