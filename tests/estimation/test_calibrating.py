"""Collecting the labelled predictions of a reference."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.estimation.calibrating import Calibrating
from exporter.estimation.curve import CELLS
from tests.monitors.builders import parse

FEATURES = ("age", "plan")


def records(size, classes=("no", "yes"), seed=3):
    """Return labelled predictions."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(size):
        prediction, label = random.choice(classes, 2)
        found.append(
            {
                "prediction": str(prediction),
                "true_label": str(label),
                "confidence": float(random.integers(40, 401)) / 400,
                "features": {
                    "age": [int(random.integers(80)), None, "old"][number % 3 if number < 9 else 0],
                    "plan": str(random.choice(["gold", "silver"])),
                },
            }
        )
    return found


def calibrated(batches, **options):
    """Return what was made of batches of records."""
    calibrating = Calibrating(**options)
    for batch in batches:
        calibrating.add(parse(*batch, features=FEATURES))
    return calibrating.finish()


def test_two_classes_are_counted_by_the_positive_one():
    """As its probability says, or the confidence; what failed or has no label says nothing."""
    some = [
        {"prediction": "yes", "true_label": "yes", "confidence": 0.9},
        {"prediction": "no", "true_label": "yes", "confidence": 0.9},
        {"prediction": "no", "true_label": "no", "probabilities": {"yes": 0.3, "no": 0.7}},
        {"prediction": "no", "confidence": 0.9},
        {"prediction": "no", "true_label": "no"},
        {"prediction": "no", "true_label": "no", "confidence": 0.9, "error": "late"},
    ]
    found = calibrated([some] * 100)
    assert found.classes == ("no", "yes")
    counts = {tuple(at): int(found.predictions[tuple(at)]) for at in np.argwhere(found.predictions)}
    assert counts == {(0, 20): 100, (0, 60): 100, (1, 180): 100}
    assert [tuple(at) for at in np.argwhere(found.right)] == [(0, 60), (1, 180)]
    assert set(found.spreads) == {"accuracy", "f1", "roc_auc"}


def test_the_configured_class_is_the_positive_one():
    """Also where the alphabet says otherwise."""
    found = calibrated([records(400)], positive="no")
    other = calibrated([records(400)])
    assert (found.classes, other.classes) == (("yes", "no"), ("no", "yes"))
    np.testing.assert_array_equal(found.predictions, other.predictions[::-1, ::-1])
    np.testing.assert_array_equal(found.right, other.right[::-1, ::-1])


def test_more_classes_are_counted_by_confidence():
    """Accuracy alone can be expected then."""
    found = calibrated([records(500, ("a", "b", "c"))])
    assert found.classes is None
    assert found.predictions.shape == (1, CELLS)
    assert found.predictions.sum() == 500
    assert list(found.spreads) == ["accuracy"]


def test_too_few_are_nothing():
    """And neither are none."""
    assert calibrated([]) is None
    assert calibrated([records(299)]) is None
    assert calibrated([records(300)]) is not None


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 700), max_size=6),
    st.sampled_from([("no", "yes"), ("a", "b", "c")]),
    st.integers(0, 5),
)
def test_how_records_are_batched_changes_nothing(cuts, classes, seed):
    """Nor which class is seen first; a sample of features is thinned out at the same records."""
    # At first the later one of the two classes alone.
    lines = [*records(20, classes[-1:], seed), *records(680, classes, seed)]
    edges = [0, *sorted(cuts), len(lines)]
    batches = [lines[start:end] for start, end in pairwise(edges)]
    for sample in (50_000, 130):
        found = calibrated(batches, sample=sample)
        assert found.document() == calibrated([lines], sample=sample).document()


@pytest.mark.parametrize("feature", ["age", "plan"])
def test_features_tell_how_far_estimates_travel(feature):
    """Where the model is right at one value and wrong at another, and is surer of one."""
    random, lines = np.random.default_rng(8), []
    for number in range(4000):
        first = number % 2
        lines.append(
            {
                "prediction": "a",
                "true_label": "a" if first else str(random.choice(["a", "b"])),
                "confidence": 0.8 if random.uniform() < 0.3 + 0.4 * first else 0.7,
                "features": {
                    feature: [20 + number % 5, 60][first] if feature == "age" else str(first)
                },
            }
        )
    found = calibrated([lines])
    assert max(spread.shift for spread in found.spreads.values()) > 0.1
    plain = [{**line, "features": {}} for line in lines]
    assert max(spread.shift for spread in calibrated([plain]).spreads.values()) == 0
