from __future__ import annotations

import pytest

from exporter.monitors.attribution import FEATURES, Attribution
from exporter.monitors.budget import SeriesBudget
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    unlimited,
)


def monitor(*batches, budget=None):
    """Return a monitor that has seen the batches."""
    made = Attribution(LABELS, WINDOWS, budget or unlimited())
    for one in batches:
        made.update(one)
    return made


def test_means_of_absolute_values_and_shares():
    """Signs do not cancel; a feature's mean is over the predictions that have one of it."""
    found = series(
        monitor(
            batch(
                {"prediction": "a", "attributions": {"age": 0.5, "plan": -0.25}},
                {"prediction": "b", "attributions": {"age": -1.0}},
                {"prediction": "c"},
                {"prediction": "d", "timestamp": NOW - 600, "attributions": {"age": 3.0}},
            )
        )
    )
    assert found == {
        "model_attribution_absolute_total{feature=age}": 4.5,
        "model_attribution_absolute_total{feature=plan}": 0.25,
        "model_attribution_values_total{feature=age}": 3,
        "model_attribution_values_total{feature=plan}": 1,
        "model_window_attributions{window=1m,feature=age}": 2,
        "model_window_attributions{window=1m,feature=plan}": 1,
        "model_window_attributions{window=1h,feature=age}": 3,
        "model_window_attributions{window=1h,feature=plan}": 1,
        "model_attribution_mean{window=1m,feature=age}": 0.75,
        "model_attribution_mean{window=1m,feature=plan}": 0.25,
        "model_attribution_mean{window=1h,feature=age}": 1.5,
        "model_attribution_mean{window=1h,feature=plan}": 0.25,
        "model_attribution_share_ratio{window=1m,feature=age}": 0.75,
        "model_attribution_share_ratio{window=1m,feature=plan}": 0.25,
        "model_attribution_share_ratio{window=1h,feature=age}": pytest.approx(1.5 / 1.75),
        "model_attribution_share_ratio{window=1h,feature=plan}": pytest.approx(0.25 / 1.75),
    }


def test_without_attributions_there_is_nothing():
    """Neither a series, nor a ring to store."""
    made = monitor(batch({"prediction": "a"}))
    assert series(made) == {}
    assert made.dump()["rings"] == []


def test_what_is_no_attribution_is_passed_over():
    """Text, null and what no sum could hold; a ground truth is no prediction."""
    made = monitor(
        batch(
            {"prediction": "a", "attributions": {"x": "high", "y": None, "z": 1e300}},
            {"request_id": "r", "true_label": "a", "attributions": {"x": 1.0}},
        )
    )
    assert series(made) == {}


def test_no_share_where_nothing_contributes():
    """Nought of nought is no share, but the means are known."""
    found = series(monitor(batch({"prediction": "a", "attributions": {"x": 0.0}})))
    assert found["model_attribution_mean{window=1h,feature=x}"] == 0
    assert not any("share" in name for name in found)


def test_features_are_bounded():
    """Later ones count together, and take part in no share."""
    names = [f"f{number}" for number in range(FEATURES + 2)]
    made = monitor(batch({"prediction": "a", "attributions": dict.fromkeys(names, 1.0)}))
    found = series(made)
    assert found["model_attribution_values_total{feature=other}"] == 2
    assert found["model_attribution_share_ratio{window=1h,feature=f0}"] == 1 / FEATURES
    assert "model_attribution_share_ratio{window=1h,feature=other}" not in found
    refused = SeriesBudget(0)
    assert "model_attribution_mean{window=1h,feature=other}" in series(
        monitor(batch({"prediction": "a", "attributions": {"x": 1.0}}), budget=refused)
    )
    assert refused.refused["model_attribution_mean"] == 1
