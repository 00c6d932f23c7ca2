"""Changes in how sure a model is, and in how often it errs."""

from __future__ import annotations

import numpy as np

from exporter.monitors.changes import Changes
from exporter.storage.encoding import decode, encode
from tests.monitors.builders import NOW, batch

LABELS = {"model": "bot", "version": "1"}


def records(n, seed, confidence=0.9, accuracy=0.9, start=0):
    """Return labelled predictions, one a second."""
    random = np.random.default_rng(seed)
    sure = np.clip(random.normal(confidence, 0.05, n), 0, 1).round(4).tolist()
    right = (random.random(n) < accuracy).tolist()
    return [
        {
            "timestamp": NOW - 20_000 + start + number,
            "prediction": "a",
            "true_label": "a" if good else "b",
            "confidence": how,
        }
        for number, (how, good) in enumerate(zip(sure, right, strict=True))
    ]


def feed(changes, found, size=1000):
    """Fold in records in batches of a size."""
    for start in range(0, len(found), size):
        changes.update(batch(*found[start : start + size]))


def shown(changes):
    """Return the value of each series by name and stream."""
    return {
        (sample.name.removeprefix("model_"), sample.labels["stream"]): sample.value
        for family in changes.families(changes.snapshot(), 0.0)
        for sample in family.samples
    }


def test_a_change_is_found_with_its_time():
    """Of the confidence, which needs no labels, within some hundred records."""
    changes = Changes(LABELS)
    feed(changes, records(8000, 1))
    found = shown(changes)
    assert found["changes_total", "confidence"] == 0
    assert ("change_timestamp_seconds", "confidence") not in found
    feed(changes, records(1000, 2, confidence=0.8, start=8000))
    found = shown(changes)
    assert found["changes_total", "confidence"] >= 1
    late = found["change_timestamp_seconds", "confidence"] - (NOW - 20_000 + 8000)
    assert 0 < late <= 600
    assert found["change_recent_values", "confidence"] < 1500
    assert abs(found["change_recent_mean", "confidence"] - 0.8) < 0.02
    assert found["changes_total", "error"] == 0


def test_errors_are_a_stream_of_their_own():
    """Whether a model is right is known of labelled classes alone."""
    changes = Changes(LABELS)
    feed(changes, records(8000, 3))
    feed(changes, records(4000, 4, accuracy=0.6, start=8000))
    feed(changes, [{"prediction": "a"}, {"prediction": 1.5, "true_label": 1.0}] * 9)
    found = shown(changes)
    assert found["changes_total", "error"] >= 1
    assert found["changes_total", "confidence"] == 0


def test_batches_and_restarts_make_no_difference():
    """To the last digit, the time of the change included."""
    found = records(3000, 5) + records(1500, 6, confidence=0.7, accuracy=0.5, start=3000)
    whole = Changes(LABELS)
    feed(whole, found, 4500)
    assert shown(whole)["changes_total", "confidence"] >= 1
    for size in (1, 7, 1000):
        parts = Changes(LABELS)
        feed(parts, found[:3100], size)
        restored = Changes(LABELS)
        restored.load(decode(encode(parts.dump())))
        feed(restored, found[3100:], size)
        assert shown(restored) == shown(whole)


def test_what_has_neither_exposes_nothing():
    """A regression without confidence, say."""
    changes = Changes(LABELS)
    feed(changes, [{"prediction": 1.5, "true_label": 1.0}, {"error": "timeout"}])
    assert shown(changes) == {}
