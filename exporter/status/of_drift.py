"""Drift: each column of each window, beside the reference."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.monitors.charts import Shape
from exporter.status.figures import Figures
from exporter.status.views import Drift, Test


def drift(figures: Figures, shapes: Iterable[Shape]) -> list[Drift]:
    """Return all columns, those that drift first, then those with the smallest p-value."""
    return sorted((_column(figures, shape) for shape in shapes), key=_rank)


def _rank(one: Drift) -> tuple[bool, float, str, str, str, str]:
    smallest = min(
        (1.0 if test.adjusted_pvalue is None else test.adjusted_pvalue for test in one.tests),
        default=2.0,
    )
    return not one.detected, smallest, one.model, one.feature, one.version, one.window


def _column(figures: Figures, shape: Shape) -> Drift:
    of_version = {**shape.labels, "feature": shape.feature}
    at = {**of_version, "window": shape.window}
    statistics = figures.by("test", "model_drift_statistic", **at)
    adjusted = figures.by("test", "model_drift_adjusted_pvalue", **at)
    evaluable = figures.by("reason", "model_drift_evaluable", **at)
    return Drift(
        model=shape.labels["model"],
        version=shape.labels["version"],
        window=shape.window,
        feature=shape.feature,
        detected=bool(figures.value("model_drift_detected", **at)),
        not_evaluable=", ".join(reason for reason, value in evaluable.items() if not value),
        effective_samples=figures.value("model_drift_effective_samples", **at),
        evidence_log10=figures.value("model_drift_evidence_log10", **of_version),
        tests=[
            Test(test, statistics.get(test), pvalue, adjusted.get(test))
            for test, pvalue in figures.by("test", "model_drift_pvalue", **at).items()
        ],
        cells=list(shape.cells),
        reference=shape.reference.tolist(),
        current=shape.current.tolist(),
    )
