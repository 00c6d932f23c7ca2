from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.confidence import EDGES, Confidence
from exporter.windows import Window
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    exposition,
    series,
)


def test_exposition_of_a_handful_of_records():
    """Records without a usable confidence count nowhere."""
    monitor = Confidence(LABELS, WINDOWS)
    monitor.update(
        batch(
            {"timestamp": NOW - 1, "prediction": "a", "confidence": 0.95},
            {"timestamp": NOW - 1, "prediction": "a", "probabilities": {"a": 0.5, "b": 0.25}},
            {"timestamp": NOW - 90, "prediction": "a", "confidence": 1},
            {"timestamp": NOW - 1, "prediction": "a", "confidence": 1.7},
            {"timestamp": NOW - 1, "prediction": "a"},
        )
    )
    cumulative = [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3]
    edges = [*map(str, EDGES), "+Inf"]
    buckets = "".join(
        f'model_confidence_bucket{{le="{edge}",model="bot",version="1"}} {float(count)}\n'
        for edge, count in zip(edges, cumulative, strict=True)
    )
    assert exposition(monitor) == (
        "# HELP model_confidence Confidence of the predictions, 0 to 1.\n"
        "# TYPE model_confidence histogram\n"
        f"{buckets}"
        'model_confidence_count{model="bot",version="1"} 3.0\n'
        'model_confidence_sum{model="bot",version="1"} 2.45\n'
        "# HELP model_confidence_mean Mean confidence of the window's predictions.\n"
        "# TYPE model_confidence_mean gauge\n"
        f'model_confidence_mean{{model="bot",version="1",window="1m"}} {1.45 / 2}\n'
        f'model_confidence_mean{{model="bot",version="1",window="1h"}} {2.45 / 3}\n'
    )


def test_nothing_logged_is_an_empty_histogram_and_no_mean():
    """The histogram is there from the start, so that rate() sees the first observation."""
    monitor = Confidence(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a"}))
    found = series(monitor)
    assert set(found.values()) == {0}
    assert not any(key.startswith("model_confidence_mean") for key in found)


def test_the_mean_is_that_of_numpy():
    """On random data, in several batches."""
    random = np.random.default_rng(3)
    confidences = random.uniform(0, 1, 500)
    monitor = Confidence(LABELS, WINDOWS)
    for part in np.split(confidences, 10):
        monitor.update(batch(*[{"confidence": value} for value in part.tolist()]))
    found = series(monitor)
    assert found["model_confidence_mean{window=1m}"] == pytest.approx(confidences.mean())
    assert found["model_confidence_sum"] == pytest.approx(confidences.sum())
    for edge in EDGES:
        assert found[f"model_confidence_bucket{{le={edge}}}"] == (confidences <= edge).sum()


def test_merging_equals_having_seen_both():
    """Halves of the input add up."""
    one, two, both = (Confidence(LABELS, WINDOWS) for _ in range(3))
    first, second = batch({"confidence": 0.25}), batch({"confidence": 0.5}, {"confidence": 0.75})
    one.update(first)
    two.update(second)
    both.update(first)
    both.update(second)
    one.merge(two)
    assert exposition(one) == exposition(both)
    with pytest.raises(ValueError, match="can't merge"):
        one.merge(Confidence(LABELS, (WINDOWS[0], Window("2h", 7200.0))))
