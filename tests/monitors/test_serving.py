"""Latency extremes, inputs, escalations and cost: each against sums over the records themselves."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from exporter.monitors.cost import CURRENCIES, Cost
from exporter.monitors.escalation import Escalation
from exporter.monitors.inputs import Inputs
from exporter.monitors.latency_range import LatencyRange
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    unlimited,
)

MONITORS = {
    "latency_range": lambda: LatencyRange(LABELS, WINDOWS),
    "inputs": lambda: Inputs(LABELS, WINDOWS),
    "escalation": lambda: Escalation(LABELS, WINDOWS),
    "cost": lambda: Cost(LABELS, WINDOWS, unlimited()),
}


def shown(name, *records):
    """Return what a monitor exposes that has seen records."""
    monitor = MONITORS[name]()
    monitor.update(batch(*records))
    return series(monitor)


def test_latency():
    """Its mean and extremes, window by window."""
    records = [
        {"timestamp": NOW, "latency_s": 0.5},
        {"timestamp": NOW, "latency_s": 1.5},
        {"timestamp": NOW - 600, "latency_s": 4},
        {"timestamp": NOW, "prediction": "a"},
    ]
    assert shown("latency_range", *records) == {
        "model_latency_mean_seconds{window=1m}": 1,
        "model_latency_minimum_seconds{window=1m}": 0.5,
        "model_latency_maximum_seconds{window=1m}": 1.5,
        "model_latency_mean_seconds{window=1h}": 2,
        "model_latency_minimum_seconds{window=1h}": 0.5,
        "model_latency_maximum_seconds{window=1h}": 4,
    }


def test_inputs():
    """Length and unknown share have records of their own."""
    found = shown(
        "inputs",
        {"timestamp": NOW, "prediction": "a", "input_length": 10},
        {"timestamp": NOW, "prediction": "a", "input_length": 40, "oov_ratio": 0.25},
        {"timestamp": NOW, "prediction": "a", "oov_ratio": 0.75},
    )
    assert found["model_input_length_mean{window=1m}"] == 25
    assert found["model_oov_ratio{window=1m}"] == 0.5
    assert found["model_input_length_bucket{le=10.0}"] == 1
    assert found["model_input_length_count"] == 2


def test_escalations():
    """Of those that log whether a person took over."""
    records = [{"timestamp": NOW, "prediction": "a", "escalated": n < 3} for n in range(10)]
    found = shown("escalation", *records, {"timestamp": NOW, "prediction": "a"})
    bounds = binomtest(3, 10).proportion_ci(0.95, method="wilson")
    assert found["model_escalations_total"] == 3
    assert found["model_escalation_answers_total"] == 10
    assert found["model_escalation_ratio{window=1m}"] == 0.3
    assert found["model_escalation_lower_ratio{window=1m}"] == pytest.approx(bounds.low)
    assert found["model_escalation_upper_ratio{window=1m}"] == pytest.approx(bounds.high)


def test_costs():
    """By currency; what costs without one is apart."""
    found = shown(
        "cost",
        {"timestamp": NOW, "prediction": "a", "cost": 0.5, "currency": "EUR"},
        {"timestamp": NOW, "prediction": "a", "cost": 1.5, "currency": "EUR"},
        {"timestamp": NOW, "prediction": "a", "cost": 3},
        {"timestamp": NOW, "prediction": "a", "currency": "USD"},
    )
    assert found["model_cost_total{currency=EUR}"] == 2
    assert found["model_cost_predictions_total{currency=EUR}"] == 2
    assert found["model_cost_mean{window=1m,currency=EUR}"] == 1
    assert found["model_cost_total{currency=}"] == 3
    assert not any("USD" in key for key in found)


def test_too_many_currencies_are_other():
    """Nothing is lost, and no series is made by what a log invents."""
    records = [
        {"timestamp": NOW, "prediction": "a", "cost": 1, "currency": f"C{n}"} for n in range(9)
    ]
    found = shown("cost", *records)
    assert found["model_cost_total{currency=other}"] == 9 - CURRENCIES


@pytest.mark.parametrize("name", MONITORS)
def test_what_is_not_logged_has_no_series(name):
    """Most models have none of it."""
    assert shown(name, {"timestamp": NOW, "prediction": "a"}) == {}


@pytest.mark.parametrize("name", MONITORS)
def test_ground_truth_that_comes_later_counts_no_second_time(name):
    """It is no attempt, whatever it holds."""
    label = {"request_id": "r", "true_label": "a", "cost": 1, "input_length": 4, "escalated": True}
    assert shown(name, {"timestamp": NOW, "latency_s": 1, **label}, label) == shown(
        name, {"timestamp": NOW, "latency_s": 1, **label}
    )
