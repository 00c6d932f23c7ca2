"""Figures of windows, and which of them are beyond their limits."""

from __future__ import annotations

import numpy as np
import pytest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from exporter.monitors.charts import Course
from exporter.status.figures import Figures
from exporter.status.of_models import models

VERSION = {"model": "bot", "version": "1"}


def figures(**values):
    """Return figures of one model, version and window, by name; limits as `limit_…`."""
    families = [InfoMetricFamily("model", "I.", {"model": "bot", "task": "auto", "reference": ""})]
    limits = GaugeMetricFamily("model_threshold", "T.", labels=["model", "name"])
    predictions = GaugeMetricFamily(
        "model_predictions_total", "P.", labels=["model", "version", "class"]
    )
    predictions.add_metric(["bot", "1", "a"], 40)
    predictions.add_metric(["bot", "1", "b"], 2)
    for name, value in values.items():
        if name.startswith("limit_"):
            limits.add_metric(["bot", name.removeprefix("limit_")], value)
            continue
        quantile = name.startswith("model_latency_p")
        series = "model_latency_quantile_seconds" if quantile else name
        family = GaugeMetricFamily(
            series, "V.", labels=["model", "version", "window", *(["q"] if quantile else [])]
        )
        family.add_metric(["bot", "1", "5m", *(["0.95"] if quantile else [])], value)
        families.append(family)
    return Figures([*families, limits, predictions])


def course(*values):
    """Return the course of the window."""
    return Course("accuracy", "ratio", VERSION, "5m", 100.0, 5.0, np.array(values))


def window(**values):
    """Return the view of the only window."""
    (model,) = models(figures(**values), [course(0.5, np.nan)])
    (version,) = model.versions
    (found,) = version.windows
    return found


def test_a_model_with_its_versions_and_windows():
    """What is absent is null, predictions are of all classes together."""
    (model,) = models(figures(model_accuracy_ratio=0.9), [course(0.5, np.nan)])
    assert (model.name, model.info, model.limits) == ("bot", {"task": "auto"}, {})
    (version,) = model.versions
    assert (version.version, version.predictions) == ("1", 42)
    found = version.windows[0]
    assert (found.window, found.accuracy, found.confidence_mean) == ("5m", 0.9, None)
    assert found.courses[0].values == [0.5, None]


@pytest.mark.parametrize(
    ("values", "beyond"),
    [
        ({"model_accuracy_upper_ratio": 0.79, "model_window_labels": 50}, ["accuracy"]),
        ({"model_accuracy_upper_ratio": 0.79, "model_window_labels": 49}, []),
        ({"model_accuracy_upper_ratio": 0.80, "model_window_labels": 50}, []),
        ({"model_confidence_mean": 0.6, "model_window_predictions": 50}, ["confidence_mean"]),
        ({"model_latency_p95": 2.0, "model_window_predictions": 100}, ["latency_p95_seconds"]),
        ({"model_latency_p95": 2.0, "model_window_predictions": 99}, []),
        ({"model_error_ratio": 0.2, "model_window_predictions": 50}, ["error_ratio"]),
        ({"model_error_ratio": 0.2}, []),
    ],
)
def test_what_is_beyond_its_limit(values, beyond):
    """As the alerts have it: evidence, and enough to judge by."""
    limits = {
        "limit_min_accuracy": 0.8,
        "limit_min_confidence": 0.7,
        "limit_max_latency_p95_seconds": 1.0,
        "limit_max_error_ratio": 0.1,
    }
    assert window(**values, **limits).beyond == beyond
    assert window(**values).beyond == []
