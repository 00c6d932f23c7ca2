"""Models: the figures of their windows, how these came to be, and which are beyond their limit."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from exporter.monitors.charts import Course as MonitorCourse
from exporter.status.figures import Figures
from exporter.status.views import Course, Model, Version, Window

# Of a field of `Window` the series that it is read from, and what labels that has.
_SERIES: dict[str, tuple[str, dict[str, str]]] = {
    "predictions": ("model_window_predictions", {}),
    "labels": ("model_window_labels", {}),
    "throughput_per_second": ("model_throughput_per_second", {}),
    "accuracy": ("model_accuracy_ratio", {}),
    "accuracy_lower": ("model_accuracy_lower_ratio", {}),
    "accuracy_upper": ("model_accuracy_upper_ratio", {}),
    "estimated_accuracy": ("model_estimated_accuracy_ratio", {}),
    "mean_absolute_error": ("model_mean_absolute_error", {}),
    "confidence_mean": ("model_confidence_mean", {}),
    "latency_p50_seconds": ("model_latency_quantile_seconds", {"q": "0.5"}),
    "latency_p95_seconds": ("model_latency_quantile_seconds", {"q": "0.95"}),
    "latency_p99_seconds": ("model_latency_quantile_seconds", {"q": "0.99"}),
    "error_ratio": ("model_error_ratio", {}),
}
# A limit, what is held against it (1: must not be above, -1: below), what is then told to be
# beyond it, and how many of what the alert of the same limit asks for.
_LIMITS = (
    ("min_accuracy", "accuracy_upper", -1, "accuracy", "labels", 50),
    ("min_confidence", "confidence_mean", -1, "confidence_mean", "predictions", 50),
    ("max_latency_p95_seconds", "latency_p95_seconds", 1, "", "predictions", 100),
    ("max_error_ratio", "error_ratio", 1, "", "predictions", 50),
)


def models(figures: Figures, courses: Iterable[MonitorCourse]) -> list[Model]:
    """Return all models, those with a figure beyond its limit first."""
    drawn: dict[tuple[str, str, str], list[Course]] = defaultdict(list)
    for one in courses:
        key = one.labels["model"], one.labels["version"], one.window
        drawn[key].append(_course(one))
    found = [
        _model(labels["model"], dict(labels), figures, drawn)
        for labels, _ in figures.each("model_info")
    ]
    return sorted(found, key=lambda model: (not _beyond(model), model.name))


def _beyond(model: Model) -> bool:
    return any(window.beyond for version in model.versions for window in version.windows)


def _model(
    name: str,
    info: dict[str, str],
    figures: Figures,
    courses: dict[tuple[str, str, str], list[Course]],
) -> Model:
    limits = figures.by("name", "model_threshold", model=name)
    counted: dict[str, float] = defaultdict(float)
    for labels, value in figures.each("model_predictions_total", model=name):
        counted[labels["version"]] += value
    windows = list(dict.fromkeys(window for model, _, window in courses if model == name))
    return Model(
        name=name,
        info={key: value for key, value in info.items() if key != "model" and value},
        last_prediction_at=figures.value("model_last_prediction_timestamp_seconds", model=name),
        limits=limits,
        versions=[
            Version(
                version,
                predictions,
                [
                    _window(name, version, window, figures, limits, courses)
                    for window in windows
                    if (name, version, window) in courses
                ],
            )
            for version, predictions in sorted(counted.items())
        ],
    )


def _window(
    model: str,
    version: str,
    window: str,
    figures: Figures,
    limits: dict[str, float],
    courses: dict[tuple[str, str, str], list[Course]],
) -> Window:
    values = {
        field: figures.value(name, model=model, version=version, window=window, **labels)
        for field, (name, labels) in _SERIES.items()
    }
    beyond = [
        told or field
        for limit, field, direction, told, number, least in _LIMITS
        if limit in limits
        and (value := values[field]) is not None
        and (values[number] or 0) >= least
        and direction * (value - limits[limit]) > 0
    ]
    return Window(window=window, beyond=beyond, courses=courses[model, version, window], **values)


def _course(course: MonitorCourse) -> Course:
    values = [None if math.isnan(value) else value for value in course.values.tolist()]
    return Course(course.name, course.unit, course.begin, course.width, values)
