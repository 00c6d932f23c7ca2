from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from exporter.monitors import wilson
from exporter.monitors.ranking import Ranking
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
)

ITEMS = [f"item {number}" for number in range(16)]


def records(found):
    """Return records of (ranked, relevant, age)."""
    return [
        {"timestamp": NOW - age, "prediction": ranked, "true_label": relevant}
        for ranked, relevant, age in found
    ]


def monitor_of(found, **options):
    """Return a monitor that has seen records of (ranked, relevant, age)."""
    monitor = Ranking(LABELS, WINDOWS, **options)
    monitor.update(batch(*records(found), task="ranking"))
    return monitor


@pytest.mark.parametrize("depth", [1, 3, 10, 16])
def test_means_are_those_of_scikit_learn(depth):
    """NDCG on full rankings of random relevance; reciprocal ranks in closed form."""
    random = np.random.default_rng(depth)
    truth, scores, found = [], [], []
    for _ in range(80):
        order = random.permutation(len(ITEMS))
        relevant = random.random(len(ITEMS)) < random.choice([0.1, 0.5, 0.9])
        relevant[random.integers(len(ITEMS))] = True
        truth.append(relevant)
        scores.append(-np.argsort(order))
        found.append(
            ([ITEMS[item] for item in order], [ITEMS[item] for item in np.flatnonzero(relevant)], 0)
        )
    exact = metrics.ndcg_score(np.array(truth), np.array(scores), k=depth)
    first = [1 + min(ranked.index(item) for item in relevant) for ranked, relevant, _ in found]
    shown = series(monitor_of(found, depth=depth))
    assert shown[f"model_ndcg_score{{window=1h,k={depth}}}"] == pytest.approx(exact, rel=1e-9)
    assert shown["model_mean_reciprocal_rank{window=1h}"] == pytest.approx(
        np.mean([1 / rank for rank in first]), rel=1e-9
    )
    hits = np.mean([rank <= depth for rank in first])
    assert shown[f"model_hit_ratio{{window=1h,k={depth}}}"] == hits


def test_the_reciprocal_rank_of_one_relevant_item():
    """As scikit-learn's label ranking average precision, which is the same then."""
    random = np.random.default_rng(1)
    scores = random.random((50, len(ITEMS)))
    truth = np.eye(len(ITEMS))[random.integers(len(ITEMS), size=50)]
    found = [
        ([ITEMS[item] for item in np.argsort(-row)], ITEMS[int(np.argmax(true))], 0)
        for row, true in zip(scores, truth, strict=True)
    ]
    exact = metrics.label_ranking_average_precision_score(truth, scores)
    shown = series(monitor_of(found))
    assert shown["model_mean_reciprocal_rank{window=1h}"] == pytest.approx(exact, rel=1e-9)


def test_exposition_of_a_handful_of_records():
    """By hand; a list of which nothing is relevant is counted, and in no mean."""
    found = [
        (["a", "b", "c", "d"], ["b", "d", "x"], 0),
        (["a", "b"], "a", 0),
        (["a", "b", "c"], ["c"], 0),
        ([], ["a"], 0),
        (["a"], [], 0),
    ]
    monitor = Ranking(LABELS, WINDOWS[:1], depth=2)
    monitor.update(
        batch(
            *records(found),
            {"prediction": ["a"]},
            {"true_label": ["a"]},
            {"prediction": ["a"], "true_label": ["a"], "error_type": "Timeout"},
            windows=WINDOWS[:1],
            task="ranking",
        )
    )
    # The first one has a hit at 2, where the best list would have hits at 1 and 2.
    second = 1 / math.log2(3)
    gain = second / (1 + second) + 1
    low, high = wilson.interval(2, 4)
    assert series(monitor) == pytest.approx(
        {
            "model_ranking_labels_total": 4,
            "model_ranking_labels_empty_total": 1,
            "model_ndcg_total{k=2}": gain,
            "model_reciprocal_rank_total": 1 / 2 + 1 + 1 / 3,
            "model_ranking_hits_total{k=2}": 2,
            "model_window_ranking_labels{window=1m}": 4,
            "model_mean_reciprocal_rank{window=1m}": 11 / 24,
            "model_ndcg_score{window=1m,k=2}": gain / 4,
            "model_hit_ratio{window=1m,k=2}": 0.5,
            "model_hit_lower_ratio{window=1m,k=2}": low,
            "model_hit_upper_ratio{window=1m,k=2}": high,
        },
        rel=1e-12,
    )


def test_nothing_is_exposed_without_lists():
    """A classifier, or lists whose ground truth is not known."""
    monitor = Ranking(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a", "true_label": "b"}))
    monitor.update(batch({"prediction": ["a"]}, task="ranking"))
    monitor.update(batch({"prediction": ["a"]}, {"true_label": ["a"]}, task="ranking"))
    assert series(monitor) == {}


def test_an_empty_window_is_absent():
    """As is one of lists that can't be judged."""
    monitor = monitor_of([(["a"], ["a"], 100), (["a"], [], 0)])
    shown = series(monitor)
    assert "model_mean_reciprocal_rank{window=1m}" not in shown
    assert shown["model_mean_reciprocal_rank{window=1h}"] == 1
