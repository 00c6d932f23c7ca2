"""Which labelled predictions are kept, and what of them."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.estimation import labelled_sample
from exporter.estimation.labelled_sample import LabelledSample
from tests.monitors.builders import batch


def record(position, **more):
    """Return a labelled prediction whose error is its position."""
    return {"prediction": position, "true_label": 0, "features": {"x": -position}, **more}


def sample_of(*records, cuts=1, **options):
    """Return a sample of records that came in some batches."""
    sample = LabelledSample(**options)
    for part in np.array_split(np.arange(len(records)), cuts):
        sample.add(batch(*(records[row] for row in part), features=None, task="regression"))
    return sample


def test_only_predictions_with_their_ground_truth():
    """Failed ones, and labels alone, say nothing of an error."""
    sample = sample_of(
        record(3, confidence=0.5),
        {"prediction": 4},
        {"request_id": "r", "true_label": 4},
        record(5, error="late"),
        record(-6),
    )
    assert sample.seen == 2
    assert sample.errors.tolist() == [3, 6]
    assert sample.numbers("x").tolist() == [-3, 6]
    assert sample.numbers("prediction").tolist() == [3, -6]
    np.testing.assert_array_equal(sample.numbers("confidence"), [0.5, np.nan])


@pytest.mark.parametrize("cuts", [1, 3, 40])
def test_a_long_log_is_thinned_evenly(cuts):
    """Every eighth of 40 where 5 fit, however the log was cut into batches."""
    sample = sample_of(*map(record, range(40)), cuts=cuts, capacity=5)
    assert sample.seen == 40
    assert sample.errors.tolist() == [0, 8, 16, 24, 32]
    assert sample.numbers("x").tolist() == [0, -8, -16, -24, -32]


@pytest.mark.parametrize("cuts", [1, 2, 4])
def test_features_that_come_and_go(cuts):
    """What a record does not have is missing there."""
    features = [{"a": 1}, {"b": "u", "c": 1}, {"a": 3, "b": "v", "c": "w"}, {"b": "u", "a": None}]
    sample = sample_of(*(record(1, features=one) for one in features), cuts=cuts)
    np.testing.assert_array_equal(sample.numbers("a"), [1, np.nan, 3, np.nan])
    assert sample.classes("b").decode() == [None, "u", "v", "u"]
    assert sample.classes("c").decode()[2] == "w"
    assert sample.numbers("c")[1] == 1
    assert np.isnan(sample.numbers("unknown")).all()
    assert sample.classes("unknown").decode() == [None] * 4


def test_numbers_that_are_known_to_be_classes():
    """As the configuration says."""
    sample = sample_of(record(8000), record(8001), kinds={"x": "categorical"})
    assert sample.classes("x").decode() == ["-8000", "-8001"]
    assert np.isnan(sample.numbers("x")).all()


def test_too_many_features(monkeypatch):
    """The first ones are kept."""
    monkeypatch.setattr(labelled_sample, "MAX_INPUTS", 3)
    sample = sample_of(record(1, features={"a": 1, "b": 2, "c": 3}))
    kept = [name for name in "abc" if not np.isnan(sample.numbers(name)).any()]
    assert len(kept) == 2


def test_errors_are_finite():
    """Their squares are needed, too."""
    sample = sample_of(record(1e300, true_label=-1e300))
    assert sample.errors.tolist() == [2e140]
