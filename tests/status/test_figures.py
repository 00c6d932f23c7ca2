"""Samples are found by name and labels."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.status.figures import Figures


def figures():
    """Return two families."""
    accuracy = GaugeMetricFamily("accuracy", "A.", labels=["model", "window"])
    for model, window, value in (("a", "5m", 0.5), ("a", "1h", 0.25), ("b", "5m", 1.0)):
        accuracy.add_metric([model, window], value)
    errors = CounterMetricFamily("errors", "E.", value=3)
    return Figures([accuracy, errors])


def test_a_value_by_some_or_all_labels():
    """The first that has them; nothing where there is none."""
    found = figures()
    assert found.value("accuracy", model="a", window="1h") == 0.25
    assert found.value("accuracy", model="b") == 1.0
    assert found.value("errors_total") == 3
    assert found.value("accuracy", model="c") is None
    assert found.value("accuracy", region="x") is None
    assert found.value("nothing") is None


def test_values_by_a_label():
    """Of all series that have the others."""
    found = figures()
    assert found.by("window", "accuracy", model="a") == {"5m": 0.5, "1h": 0.25}
    assert [labels["model"] for labels, _ in found.each("accuracy", window="5m")] == ["a", "b"]
    assert found.each("accuracy", window="1d") == ()
