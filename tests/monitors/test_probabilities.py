"""How good logged probabilities are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from exporter.monitors.probabilities import Probabilities
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, series

CLASSES = ("a", "b", "c", "d")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(CLASSES), st.lists(st.integers(1, 9), min_size=4, max_size=4, unique=True)
    ),
    min_size=1,
    max_size=20,
)


def shares(weights):
    """Return probabilities."""
    return [weight / sum(weights) for weight in weights]


def monitor_of(found):
    """Return a monitor that has seen (actual, weights of the classes)."""
    monitor = Probabilities(LABELS, WINDOWS)
    monitor.update(
        batch(
            *(
                {
                    "timestamp": NOW,
                    "prediction": CLASSES[int(np.argmax(weights))],
                    "true_label": actual,
                    "probabilities": dict(zip(CLASSES, shares(weights), strict=True)),
                }
                for actual, weights in found
            )
        )
    )
    return monitor


@given(ROWS)
def test_many_classes_as_scikit_learn_has_them(found):
    """Log loss and top-k; the Brier score by its definition."""
    actual = [label for label, _ in found]
    p = np.array([shares(weights) for _, weights in found])
    shown = series(monitor_of(found))
    loss = metrics.log_loss(actual, p, labels=CLASSES)
    assert shown["model_log_loss{window=1m}"] == pytest.approx(loss, abs=1e-9)
    truth = np.array([[name == label for name in CLASSES] for label in actual])
    brier = ((p - truth) ** 2).sum(axis=1).mean()
    assert shown["model_brier_score{window=1m}"] == pytest.approx(brier, abs=1e-9)
    assert shown["model_label_surprisal_nats_total"] == pytest.approx(loss * len(found))
    assert shown["model_scored_labels_total"] == len(found)
    for k in (2, 3):
        top = metrics.top_k_accuracy_score(actual, p, k=k, labels=CLASSES)
        key = f"model_top_k_accuracy_ratio{{window=1m,k={k}}}"
        assert shown[key] == pytest.approx(top, abs=1e-9)
    assert "model_top_k_accuracy_ratio{window=1m,k=5}" not in shown


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=30), st.booleans()
)
def test_two_classes_as_scikit_learn_has_them(found, logged):
    """From probabilities, or from the confidence in the predicted class."""
    monitor = Probabilities(LABELS, WINDOWS)
    monitor.update(
        batch(
            *(
                {
                    "timestamp": NOW,
                    "prediction": int(percent > 50),
                    "true_label": int(actual),
                    "confidence": max(percent, 100 - percent) / 100,
                }
                | (
                    {"probabilities": {"0": 1 - percent / 100, "1": percent / 100}}
                    if logged
                    else {}
                )
                for actual, percent in found
            )
        )
    )
    actual, percent = zip(*found, strict=True)
    p = np.array(percent) / 100
    shown = series(monitor)
    loss = metrics.log_loss(actual, p, labels=[False, True])
    assert shown["model_log_loss{window=1m}"] == pytest.approx(loss, abs=1e-9)
    brier = metrics.brier_score_loss(actual, p, pos_label=True, labels=[False, True])
    assert shown["model_brier_score{window=1m}"] == pytest.approx(brier, abs=1e-9)
    assert not any("top_k" in key for key in shown)


def test_what_had_no_probability_and_came_true():
    """It costs as much as the smallest number that a probability can differ by."""
    monitor = Probabilities(LABELS, WINDOWS)
    record = {"prediction": "a", "true_label": "z", "probabilities": {"a": 0.75, "b": 0.25, "c": 0}}
    monitor.update(batch({"timestamp": NOW, **record}))
    shown = series(monitor)
    assert shown["model_log_loss{window=1m}"] == pytest.approx(-np.log(np.finfo(float).eps))
    assert shown["model_brier_score{window=1m}"] == pytest.approx(0.75**2 + 0.25**2 + 1)
    assert shown["model_top_k_accuracy_ratio{window=1m,k=2}"] == 0


def test_nothing_before_the_first_judged_record():
    """A model without probabilities and of one class has no series of it."""
    monitor = Probabilities(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a", "true_label": "a", "confidence": 0.5}))
    assert series(monitor) == {}
