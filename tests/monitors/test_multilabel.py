from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from exporter.monitors import wilson
from exporter.monitors.multilabel import Multilabel
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
)

CLASSES = "abcdefg"


def records(found):
    """Return records of (predicted, actual, age)."""
    return [
        {"timestamp": NOW - age, "prediction": predicted, "true_label": actual}
        for predicted, actual, age in found
    ]


def monitor_of(found):
    """Return a monitor that has seen records of (predicted, actual, age)."""
    monitor = Multilabel(LABELS, WINDOWS)
    monitor.update(batch(*records(found), task="multilabel"))
    return monitor


@pytest.mark.parametrize("density", [0.1, 0.4, 0.8])
def test_all_figures_are_those_of_scikit_learn(density):
    """On random sets, empty ones among them."""
    random = np.random.default_rng(4)
    actual = random.random((300, len(CLASSES))) < density
    predicted = actual ^ (random.random(actual.shape) < 0.15)
    names = np.array(list(CLASSES))
    monitor = Multilabel(LABELS, WINDOWS)
    for rows in np.split(np.arange(300), 3):
        found = [(names[predicted[row]].tolist(), names[actual[row]].tolist(), 0) for row in rows]
        monitor.update(batch(*records(found), task="multilabel"))
    shown = series(monitor)
    exact = {
        "model_subset_accuracy_ratio": metrics.accuracy_score(actual, predicted),
        "model_jaccard_score": metrics.jaccard_score(
            actual, predicted, average="samples", zero_division=1
        ),
        "model_micro_precision_ratio": metrics.precision_score(actual, predicted, average="micro"),
        "model_micro_recall_ratio": metrics.recall_score(actual, predicted, average="micro"),
        "model_micro_f1_score": metrics.f1_score(actual, predicted, average="micro"),
    }
    for name, value in exact.items():
        assert shown[f"{name}{{window=1h}}"] == pytest.approx(value, rel=1e-9)
    # Hamming loss follows from the counters, for whoever knows the number of classes.
    mistakes = sum(
        shown[f"model_multilabel_classes_total{{outcome={outcome}}}"]
        for outcome in ("wrong", "missed")
    )
    assert mistakes / actual.size == pytest.approx(metrics.hamming_loss(actual, predicted))


def test_exposition_of_a_handful_of_records():
    """By hand; two empty sets are the same set."""
    found = [
        (["a", "b"], ["b", "a"], 0),
        (["a", "b"], ["b", "c"], 0),
        ([], [], 0),
        ([], ["a"], 0),
    ]
    monitor = Multilabel(LABELS, WINDOWS[:1])
    monitor.update(
        batch(
            *records(found),
            {"prediction": ["a"]},
            {"true_label": ["a"]},
            windows=WINDOWS[:1],
            task="multilabel",
        )
    )
    low, high = wilson.interval(2, 4)
    assert series(monitor) == pytest.approx(
        {
            "model_subset_correct_total": 2,
            "model_jaccard_total": 7 / 3,
            "model_multilabel_classes_total{outcome=right}": 3,
            "model_multilabel_classes_total{outcome=wrong}": 1,
            "model_multilabel_classes_total{outcome=missed}": 2,
            "model_subset_accuracy_ratio{window=1m}": 0.5,
            "model_subset_accuracy_lower_ratio{window=1m}": low,
            "model_subset_accuracy_upper_ratio{window=1m}": high,
            "model_jaccard_score{window=1m}": 7 / 12,
            "model_micro_precision_ratio{window=1m}": 3 / 4,
            "model_micro_recall_ratio{window=1m}": 3 / 5,
            "model_micro_f1_score{window=1m}": 6 / 9,
        },
        rel=1e-12,
    )


def test_nothing_is_exposed_without_sets():
    """A classifier, or sets whose ground truth is not known."""
    monitor = Multilabel(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a", "true_label": "b"}))
    monitor.update(batch({"prediction": ["a"]}, {"true_label": ["a"]}, task="multilabel"))
    assert series(monitor) == {}


def test_shares_of_nothing_are_absent():
    """Nothing predicted has no precision, and empty sets no recall either."""
    shown = series(monitor_of([([], [], 0)]))
    assert shown["model_subset_accuracy_ratio{window=1m}"] == 1
    assert not any("micro" in key for key in shown)
    assert "model_micro_precision_ratio{window=1m}" not in series(monitor_of([([], ["a"], 0)]))
    assert "model_micro_recall_ratio{window=1m}" not in series(monitor_of([(["a"], [], 0)]))


def test_an_empty_window_is_absent():
    """The counters stay."""
    shown = series(monitor_of([(["a"], ["a"], 100)]))
    assert "model_jaccard_score{window=1m}" not in shown
    assert shown["model_jaccard_score{window=1h}"] == 1
