from __future__ import annotations

import pytest

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.shadow import Shadow
from exporter.monitors.wilson import interval
from exporter.windows import Window
from tests.monitors.builders import NOW, batch, series

WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0))


def shadow(budget=None):
    """Return a monitor."""
    labels = {"model": "bot", "version": "1"}
    return Shadow(labels, WINDOWS, budget or SeriesBudget.unlimited())


def record(prediction, said, **fields):
    """Return a record of a moment ago with what the shadow said."""
    return {"timestamp": NOW - 1, "prediction": prediction, "shadow": said, **fields}


def test_the_two_are_compared_record_by_record():
    """By class, confidence and latency; what only one of them tells is left out of that figure."""
    monitor = shadow()
    monitor.update(
        batch(
            record("a", {"version": "2", "prediction": "a", "confidence": 0.75}, confidence=0.5),
            record("a", {"version": "2", "prediction": "b", "confidence": 0.25}, confidence=0.75),
            record("b", {"version": "2", "prediction": "b", "latency_ms": 375}, latency_ms=125),
            record("b", {"version": "2", "prediction": "b"}, confidence=0.5, latency_ms=125),
            {"timestamp": NOW - 1, "prediction": "b"},
            windows=WINDOWS,
        )
    )
    lower, upper = interval(1, 4)
    assert series(monitor) == {
        "model_shadow_comparisons_total{shadow_version=2}": 4,
        "model_shadow_disagreements_total{shadow_version=2}": 1,
        **{
            f"model_shadow_{name}{{shadow_version=2,window={window}}}": value
            for window in ("5m", "1h")
            for name, value in (
                ("window_comparisons", 4),
                ("disagreement_ratio", 0.25),
                ("disagreement_lower_ratio", lower),
                ("disagreement_upper_ratio", upper),
                ("confidence_gap_mean", -0.125),
                ("latency_gap_mean_seconds", 0.25),
            )
        },
    }


@pytest.mark.parametrize(
    ("prediction", "said", "different"),
    [(1, "1", 0), (1, 1.0, 0), (True, "true", 0), ("a", "A", 1), ("a", "new", 1)],
)
def test_classes_are_the_same_however_they_are_written(prediction, said, different):
    """As the label `class` would have them."""
    monitor = shadow()
    monitor.update(batch(record(prediction, {"prediction": said}), windows=WINDOWS))
    found = series(monitor)
    assert found["model_shadow_comparisons_total{shadow_version=}"] == 1
    assert found["model_shadow_disagreements_total{shadow_version=}"] == different


@pytest.mark.parametrize(
    "line",
    [
        record("a", {"version": "2"}),
        record("a", {"version": "2", "prediction": None}),
        record(None, {"version": "2", "prediction": "a"}, latency_ms=5),
        record("a", {"version": "2", "prediction": "a"}, error_type="Timeout"),
        record(1.5, {"version": "2", "prediction": 1.5}),
    ],
)
def test_what_can_not_be_compared_does_not_count(line):
    """One of them said nothing, or failed, or a number."""
    monitor = shadow()
    monitor.update(batch(line, windows=WINDOWS))
    assert series(monitor) == {}


@pytest.mark.parametrize("confidence", [-0.5, 1.5, "high", None])
def test_an_impossible_confidence_is_none(confidence):
    """The classes are compared all the same."""
    monitor = shadow()
    said = {"prediction": "a", "confidence": confidence}
    monitor.update(batch(record("a", said, confidence=0.5), windows=WINDOWS))
    found = series(monitor)
    assert found["model_shadow_comparisons_total{shadow_version=}"] == 1
    assert not any("confidence_gap" in name for name in found)


def test_further_versions_are_other():
    """Three have names; which ones, the order of the log decides."""
    monitor = shadow()
    lines = [record("a", {"version": str(one), "prediction": "b"}) for one in range(2, 7)]
    monitor.update(batch(*lines, windows=WINDOWS))
    found = series(monitor)
    totals = {name: value for name, value in found.items() if "comparisons_total" in name}
    assert totals == {
        f"model_shadow_comparisons_total{{shadow_version={version}}}": number
        for version, number in (("2", 1), ("3", 1), ("4", 1), ("other", 2))
    }


def test_a_version_costs_what_it_shows():
    """Of the budget."""
    budget = SeriesBudget.unlimited()
    monitor = shadow(budget)
    said = {"version": "2", "prediction": "a", "confidence": 0.5, "latency_ms": 1}
    monitor.update(batch(record("a", said, confidence=0.5, latency_ms=1), windows=WINDOWS))
    assert budget.used == len(series(monitor))


def test_two_exporters_add_up():
    """Though they met the versions in another order."""
    one, other, whole = shadow(), shadow(), shadow()
    first = batch(record("a", {"version": "2", "prediction": "b"}), windows=WINDOWS)
    second = batch(
        record("a", {"version": "3", "prediction": "a", "confidence": 1}, confidence=0.5),
        record("a", {"version": "2", "prediction": "a"}),
        windows=WINDOWS,
    )
    one.update(first)
    other.update(second)
    one.merge(other)
    for each in (first, second):
        whole.update(each)
    assert series(one) == series(whole)
