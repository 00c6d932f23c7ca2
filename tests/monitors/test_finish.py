from __future__ import annotations

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.finish import REASONS, Finish
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    unlimited,
)


def monitor_of(records, windows=WINDOWS, budget=None):
    """Return a monitor that has seen some records."""
    monitor = Finish(LABELS, windows, budget or unlimited())
    monitor.update(batch(*records, windows=windows))
    return monitor


def test_exposition_of_a_handful_of_records():
    """An error can have a reason; a ground truth is no answer."""
    reasons = ["stop", "stop", "length", None]
    records = [{"prediction": "a", "finish_reason": reason} for reason in reasons]
    records += [
        {"error_type": "Filtered", "finish_reason": "content_filter"},
        {"true_label": "a", "finish_reason": "stop"},
    ]
    assert series(monitor_of(records, WINDOWS[:1])) == {
        "model_finish_total{reason=stop}": 2,
        "model_finish_total{reason=length}": 1,
        "model_finish_total{reason=content_filter}": 1,
        "model_window_finish_reasons{window=1m}": 4,
        "model_finish_share_ratio{window=1m,reason=stop}": 0.5,
        "model_finish_share_ratio{window=1m,reason=length}": 0.25,
        "model_finish_share_ratio{window=1m,reason=content_filter}": 0.25,
    }


def test_nothing_is_exposed_without_reasons():
    """Most models log none."""
    assert series(monitor_of([{"prediction": "a"}])) == {}
    assert series(monitor_of([{"true_label": "a", "finish_reason": "stop"}])) == {}


def test_reasons_are_bounded():
    """By number and by the budget; the others are counted together."""
    many = [{"finish_reason": f"reason {number}"} for number in range(REASONS + 5)]
    found = series(monitor_of(many))
    assert found["model_finish_total{reason=other}"] == 5
    assert found["model_finish_share_ratio{window=1h,reason=other}"] == 5 / (REASONS + 5)
    budget = SeriesBudget(2 * (1 + len(WINDOWS)))
    assert series(monitor_of(many, budget=budget))["model_finish_total{reason=other}"] == (
        REASONS + 3
    )
    assert budget.refused["model_finish_total"] > 0


def test_known_reasons_are_there_in_a_window_without_them():
    """At 0, as long as the window has any reason; else the window is absent."""
    monitor = monitor_of(
        [{"timestamp": NOW - 100, "finish_reason": "length"}, {"finish_reason": "stop"}]
    )
    found = series(monitor)
    assert found["model_finish_share_ratio{window=1m,reason=length}"] == 0
    assert found["model_finish_share_ratio{window=1h,reason=length}"] == 0.5
    assert not any("window=1m" in key for key in series(monitor, now=NOW + 120))
