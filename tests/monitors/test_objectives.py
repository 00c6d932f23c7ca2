from __future__ import annotations

from exporter.config import Slo
from exporter.monitors.objectives import Objectives
from tests.monitors.builders import exposition, series

SLO = Slo.model_validate(
    {
        "availability": {"objective": 0.999},
        "latency": {"objective": 0.99, "below_seconds": 0.3, "window": "7d"},
        "quality": {"objective": 0.95, "accuracy": 0.8},
    }
)


def test_exposition_of_all_three():
    """Budgets are the decimal ones: 1 - 0.95 would be 0.050000000000000044."""
    found = series(Objectives({"model": "bot"}, SLO))
    assert found == {
        "model_slo_objective_ratio{slo=availability}": 0.999,
        "model_slo_objective_ratio{slo=latency}": 0.99,
        "model_slo_objective_ratio{slo=quality}": 0.95,
        "model_slo_error_budget_ratio{slo=availability}": 0.001,
        "model_slo_error_budget_ratio{slo=latency}": 0.01,
        "model_slo_error_budget_ratio{slo=quality}": 0.05,
        "model_slo_window_seconds{slo=availability}": 2_592_000,
        "model_slo_window_seconds{slo=latency}": 604_800,
        "model_slo_window_seconds{slo=quality}": 2_592_000,
        "model_slo_below_seconds{slo=latency}": 0.3,
        "model_slo_accuracy_ratio{slo=quality}": 0.8,
    }


def test_nothing_promised_is_nothing_exposed():
    """Not an objective of 0."""
    assert exposition(Objectives({"model": "bot"}, Slo())) == ""
