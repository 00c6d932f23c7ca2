"""How well scores tell positive records from others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from exporter.monitors.scores import CELLS, STEPS, Scores, average_precision, roc_auc
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, series, through_storage

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=40)


def monitor_of(found, positive=None):
    """Return a monitor that has seen (actual, percent), as a model of yes and no."""
    monitor = Scores(LABELS, WINDOWS, positive)
    if found:
        monitor.update(
            batch(
                *(
                    {
                        "timestamp": NOW,
                        "prediction": "yes" if percent > 50 else "no",
                        "true_label": "yes" if actual else "no",
                        "probabilities": {"yes": percent / 100, "no": 1 - percent / 100},
                    }
                    for actual, percent in found
                )
            )
        )
    return monitor


@given(SCORED)
def test_as_scikit_learn_has_it_where_scores_are_on_the_grid(found):
    """Ties included."""
    actual, percent = zip(*found, strict=True)
    shown = series(monitor_of(found))
    score = np.array(percent) / 100
    area = shown.get("model_roc_auc_ratio{window=1m}")
    if len(set(actual)) == 2:
        assert area == pytest.approx(metrics.roc_auc_score(actual, score), abs=1e-9)
    else:
        assert area is None
    precision = shown.get("model_average_precision_ratio{window=1m}")
    if any(actual):
        expected = metrics.average_precision_score(actual, score)
        assert precision == pytest.approx(expected, abs=1e-9)
    else:
        assert precision is None


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_within_the_bound_for_any_scores(found):
    """Half the share of pairs that share a cell."""
    actual, score = (np.array(column) for column in zip(*found, strict=True))
    assume(0 < actual.sum() < len(actual))
    counts = np.zeros((2, CELLS), dtype=np.int64)
    np.add.at(counts, (actual.astype(int), np.rint(score * STEPS).astype(int)), 1)
    shared = (counts[0] * counts[1]).sum() / (counts[0].sum() * counts[1].sum())
    exact = metrics.roc_auc_score(actual, score)
    assert abs(roc_auc(counts) - exact) <= shared / 2 + 1e-12


def test_figures_without_one_class():
    """There are no pairs, and no recall."""
    counts = np.zeros((2, CELLS), dtype=np.int64)
    assert roc_auc(counts) is None
    assert average_precision(counts) is None


def test_the_histogram_is_by_actual_class():
    """Whatever was predicted."""
    shown = series(monitor_of([(True, 90), (True, 40), (False, 40)]))
    assert shown["model_score_bucket{actual=1,le=0.4}"] == 1
    assert shown["model_score_bucket{actual=1,le=+Inf}"] == 2
    assert shown["model_score_count{actual=0}"] == 1
    assert shown["model_score_sum{actual=1}"] == pytest.approx(1.3)


def test_the_configured_class_is_the_positive_one():
    """The area is the same, the histograms change places."""
    shown = series(monitor_of([(True, 90), (False, 40), (False, 95)], positive="no"))
    assert shown["model_roc_auc_ratio{window=1m}"] == pytest.approx(0.5)
    assert shown["model_score_count{actual=1}"] == 2


def test_three_classes_have_no_scores():
    """From the third on, nothing is exposed."""
    monitor = monitor_of([(True, 90), (False, 40)])
    assert series(monitor)
    monitor.update(batch({"prediction": "perhaps", "true_label": "yes", "confidence": 0.5}))
    assert series(monitor) == {}


def test_another_positive_class_starts_afresh():
    """What was counted for one is worth nothing for the other."""
    with pytest.raises(ValueError, match="positive class was None"):
        through_storage(monitor_of([(True, 90)]), Scores(LABELS, WINDOWS, "no"))
    with pytest.raises(ValueError, match="can't merge"):
        monitor_of([(True, 90)]).merge(monitor_of([(True, 90)], positive="no"))
