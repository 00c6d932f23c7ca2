from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from exporter.monitors.accuracy import Accuracy
from exporter.monitors.budget import SeriesBudget
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    exposition,
    parse,
    series,
    unlimited,
)


def accuracy(budget=None):
    """Return a monitor."""
    return Accuracy(LABELS, WINDOWS, budget or unlimited())


def labelled(pairs, **fields):
    """Return records of (prediction, label) pairs."""
    return [{"prediction": guess, "true_label": truth} | fields for guess, truth in pairs]


def test_exposition_of_a_handful_of_records():
    """Two right, one wrong; a failure and a prediction without its label count nowhere."""
    monitor = accuracy()
    monitor.update(
        batch(
            {"timestamp": NOW - 1, "prediction": "a", "true_label": "a"},
            {"timestamp": NOW - 1, "prediction": "a", "true_label": "b"},
            {"timestamp": NOW - 100, "prediction": "b", "true_label": "b"},
            {"timestamp": NOW - 1, "prediction": "a", "true_label": "a", "error": "late"},
            {"timestamp": NOW - 1, "prediction": "c"},
            {"timestamp": NOW - 1, "true_label": "c"},
        )
    )
    short = binomtest(1, 2).proportion_ci(0.95, method="wilson")
    long = binomtest(2, 3).proportion_ci(0.95, method="wilson")
    found = series(monitor)
    assert found == pytest.approx(
        {
            "model_labels_total": 3,
            "model_labels_incorrect_total": 1,
            "model_confusion_total{predicted=a,actual=a}": 1,
            "model_confusion_total{predicted=a,actual=b}": 1,
            "model_confusion_total{predicted=b,actual=a}": 0,
            "model_confusion_total{predicted=b,actual=b}": 1,
            "model_window_labels{window=1m}": 2,
            "model_window_labels{window=1h}": 3,
            "model_accuracy_ratio{window=1m}": 1 / 2,
            "model_accuracy_ratio{window=1h}": 2 / 3,
            "model_accuracy_lower_ratio{window=1m}": short.low,
            "model_accuracy_lower_ratio{window=1h}": long.low,
            "model_accuracy_upper_ratio{window=1m}": short.high,
            "model_accuracy_upper_ratio{window=1h}": long.high,
            "model_balanced_accuracy_ratio{window=1m}": 1 / 2,
            "model_balanced_accuracy_ratio{window=1h}": 3 / 4,
            "model_f1_average_score{window=1m,average=macro}": 1 / 3,
            "model_f1_average_score{window=1m,average=micro}": 1 / 2,
            "model_f1_average_score{window=1m,average=weighted}": 1 / 3,
            "model_f1_average_score{window=1h,average=macro}": 2 / 3,
            "model_f1_average_score{window=1h,average=micro}": 2 / 3,
            "model_f1_average_score{window=1h,average=weighted}": 2 / 3,
            "model_precision_ratio{window=1m,class=a}": 1 / 2,
            "model_precision_ratio{window=1h,class=a}": 1 / 2,
            "model_precision_ratio{window=1h,class=b}": 1,
            "model_recall_ratio{window=1m,class=a}": 1,
            "model_recall_ratio{window=1m,class=b}": 0,
            "model_recall_ratio{window=1h,class=a}": 1,
            "model_recall_ratio{window=1h,class=b}": 1 / 2,
            "model_f1_score{window=1m,class=a}": 2 / 3,
            "model_f1_score{window=1m,class=b}": 0,
            "model_f1_score{window=1h,class=a}": 2 / 3,
            "model_f1_score{window=1h,class=b}": 2 / 3,
        }
    )
    text = exposition(monitor)
    assert (
        "# HELP model_confusion_total Predictions by predicted and actual class.\n"
        "# TYPE model_confusion_total counter\n"
        'model_confusion_total{actual="a",model="bot",predicted="a",version="1"} 1.0\n'
        'model_confusion_total{actual="b",model="bot",predicted="a",version="1"} 1.0\n'
        'model_confusion_total{actual="a",model="bot",predicted="b",version="1"} 0.0\n'
        'model_confusion_total{actual="b",model="bot",predicted="b",version="1"} 1.0\n'
    ) in text
    assert (
        "# TYPE model_accuracy_ratio gauge\n"
        'model_accuracy_ratio{model="bot",version="1",window="1m"} 0.5\n'
        f'model_accuracy_ratio{{model="bot",version="1",window="1h"}} {2 / 3}\n'
    ) in text


def test_figures_on_random_data_are_those_of_scikit_learn():
    """Accuracy, precision, recall, F1 and the confusion matrix, from many batches."""
    random = np.random.default_rng(5)
    names = np.array(["ant", "bee", "cat", "dog", "elk"])
    truth = random.choice(names, 2_000, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    guess = np.where(random.random(2_000) < 0.7, truth, random.choice(names[:4], 2_000))
    monitor = accuracy()
    for part in np.split(np.stack([guess, truth], axis=1), 20):
        monitor.update(batch(*labelled(part.tolist())))
    found = series(monitor)
    for window in ("1m", "1h"):
        assert found[f"model_accuracy_ratio{{window={window}}}"] == accuracy_score(truth, guess)
        assert found[f"model_window_labels{{window={window}}}"] == 2_000
    with np.errstate(invalid="ignore"):
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth, guess, labels=names, zero_division=np.nan
        )
    for name, *expected in zip(names, precision, recall, f1, strict=True):
        figures = [
            found.get(f"model_{figure}{{window=1h,class={name}}}", np.nan)
            for figure in ("precision_ratio", "recall_ratio", "f1_score")
        ]
        assert figures == pytest.approx(expected, nan_ok=True)
    matrix = confusion_matrix(truth, guess, labels=names)
    for i, actual in enumerate(names):
        for j, predicted in enumerate(names):
            key = f"model_confusion_total{{predicted={predicted},actual={actual}}}"
            assert found[key] == matrix[i, j]
    assert found["model_labels_incorrect_total"] == (truth != guess).sum()


def test_a_class_that_is_never_predicted_has_no_precision():
    """0/0 is absent; recall and F1 are 0."""
    monitor = accuracy()
    monitor.update(batch(*labelled([("a", "a"), ("a", "b")])))
    found = series(monitor)
    assert "model_precision_ratio{window=1m,class=b}" not in found
    assert found["model_recall_ratio{window=1m,class=b}"] == 0
    assert found["model_f1_score{window=1m,class=b}"] == 0
    assert found["model_precision_ratio{window=1m,class=a}"] == 0.5


def test_without_labels_only_counters_are_exposed():
    """No accuracy of nothing."""
    monitor = accuracy()
    monitor.update(batch({"prediction": "a"}, {"true_label": "a"}))
    assert series(monitor) == {"model_labels_total": 0, "model_labels_incorrect_total": 0}


def test_classes_are_compared_by_their_names():
    """1, 1.0 and "1" are one class, as are true and "true"; 1 and true are two."""
    pairs = [(1, 1.0), (1, "1"), (True, "true"), (True, 1), ("a", None), ("a", "A")]
    compared = parse(*labelled(pairs, confidence=0.5)).right
    assert compared.tolist() == [True, True, True, False, False, False]


def test_classes_beyond_the_twentieth_are_other_in_the_matrix_alone():
    """Accuracy compares the real classes; two that are both `other` need not agree."""
    monitor = accuracy()
    monitor.update(batch(*labelled([(f"c{i}", f"c{i}") for i in range(20)])))
    monitor.update(batch(*labelled([("x", "y"), ("x", "x"), ("c1", "x")])))
    found = series(monitor)
    assert found["model_accuracy_ratio{window=1m}"] == 21 / 23
    assert found["model_confusion_total{predicted=other,actual=other}"] == 2
    assert found["model_confusion_total{predicted=c1,actual=other}"] == 1
    assert sum(key.startswith("model_confusion_total") for key in found) == 21 * 21
    assert "model_precision_ratio{window=1m,class=other}" not in found
    assert found["model_precision_ratio{window=1m,class=c1}"] == 0.5
    matrix = sum(value for key, value in found.items() if key.startswith("model_confusion"))
    assert matrix == found["model_labels_total"] == 23


def test_a_spent_budget_makes_classes_other():
    """The first class costs its cell and three figures per window."""
    budget = SeriesBudget(7)
    monitor = accuracy(budget)
    monitor.update(batch(*labelled([("a", "a"), ("b", "a")])))
    found = series(monitor)
    assert found["model_confusion_total{predicted=other,actual=a}"] == 1
    assert budget.used == 7
    assert budget.refused["model_confusion_total"] == 1


def test_numbers_are_labels_without_being_right_or_wrong():
    """A regression has no accuracy; its labels are counted."""
    monitor = accuracy()
    monitor.update(batch(*labelled([(1.5, 1.5), (2.5, 3)])))
    assert series(monitor) == {
        "model_labels_total": 2,
        "model_labels_incorrect_total": 0,
        "model_window_labels{window=1m}": 2,
        "model_window_labels{window=1h}": 2,
    }


def test_a_snapshot_does_not_move():
    """A scrape reads it while the next batch is counted."""
    monitor = accuracy()
    monitor.update(batch(*labelled([("a", "b")])))
    taken = monitor.snapshot()
    before = [family.samples for family in monitor.families(taken, NOW)]
    monitor.update(batch(*labelled([("a", "a"), ("z", "z")])))
    assert [family.samples for family in monitor.families(taken, NOW)] == before
