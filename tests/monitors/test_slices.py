"""How parts of the population fare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.slices import VALUES, Slices
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    through_storage,
    unlimited,
)

NAMES = ("region", "age")


def slices(budget=None):
    """Return a monitor."""
    return Slices(LABELS, WINDOWS, NAMES, budget or unlimited())


def record(region=None, age=None, label=None, **fields):
    """Return a prediction of class a, in its slices."""
    parts = {"slice": {"region": region}} if region else {}
    parts |= {"features": {"age": age}} if age is not None else {}
    parts |= {"true_label": label} if label else {}
    return {"timestamp": NOW, "prediction": "a", "confidence": 0.5, **parts, **fields}


def test_exposition_of_a_handful_of_records():
    """By the logged slice, and by a feature; a record may be in several or none."""
    monitor = slices()
    monitor.update(
        batch(
            record("north", 40, "a"),
            record("north", None, "b", confidence=1),
            record("south", 40),
            record(),
            windows=WINDOWS,
            features=["age"],
        )
    )
    found = series(monitor)
    assert found["model_slice_predictions_total{slice=region,value=north}"] == 2
    assert found["model_slice_labels_total{slice=region,value=north}"] == 2
    assert found["model_slice_labels_correct_total{slice=region,value=north}"] == 1
    assert found["model_slice_predictions_total{slice=age,value=40}"] == 2
    assert found["model_slice_accuracy_ratio{window=1m,slice=region,value=north}"] == 0.5
    assert found["model_slice_accuracy_ratio{window=1m,slice=age,value=40}"] == 1
    assert found["model_slice_confidence_mean{window=1m,slice=region,value=north}"] == 0.75
    assert found["model_slice_window_predictions{window=1h,slice=region,value=south}"] == 1
    assert "model_slice_accuracy_ratio{window=1m,slice=region,value=south}" not in found


def test_ground_truth_that_comes_later_counts_as_such():
    """In the slice of its prediction, and as no prediction of its own."""
    monitor = slices()
    predicted = batch(record("north"))
    monitor.update(predicted)
    later = batch(record("north", label="a"))
    monitor.update(replace(later, attempt=np.zeros(1, dtype=bool), joined=True))
    found = series(monitor)
    assert found["model_slice_predictions_total{slice=region,value=north}"] == 1
    assert found["model_slice_labels_correct_total{slice=region,value=north}"] == 1
    assert found["model_slice_confidence_mean{window=1m,slice=region,value=north}"] == 0.5


def test_values_are_bounded():
    """Beyond 20, and beyond the budget, they are `other`."""
    monitor = slices()
    monitor.update(batch(*(record(f"r{number}") for number in range(VALUES + 3))))
    assert series(monitor)["model_slice_predictions_total{slice=region,value=other}"] == 3
    none = slices(SeriesBudget(0))
    none.update(batch(record("north")))
    assert series(none)["model_slice_predictions_total{slice=region,value=other}"] == 1


def test_other_slices_start_afresh():
    """Their cells mean something else."""
    with pytest.raises(ValueError, match="the slices were"):
        through_storage(slices(), Slices(LABELS, WINDOWS, ("region",), unlimited()))
