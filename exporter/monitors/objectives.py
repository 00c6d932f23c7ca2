"""What a configuration promises, for Prometheus to compare with what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config.slo import Slo
from exporter.records import RecordBatch
from exporter.slo.burn import error_budget


class Objectives:
    """Exposes the service level objectives of one model.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    slo
        The model's section `slo`.
    """

    name: ClassVar[str] = "objectives"

    def __init__(self, labels: Mapping[str, str], slo: Slo) -> None:
        self._labels = dict(labels)
        self._slo = slo

    def update(self, batch: RecordBatch) -> None:
        """Do nothing: a promise does not depend on records."""

    def snapshot(self) -> Slo:
        """Return the objectives."""
        return self._slo

    def families(self, snapshot: Slo, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield objectives and what belongs to them; nothing of what is not promised."""
        objective = self._family(
            "model_slo_objective_ratio", "Share of good events that the configuration promises."
        )
        budget = self._family(
            "model_slo_error_budget_ratio", "Share of events that may be bad: 1 less the objective."
        )
        window = self._family("model_slo_window_seconds", "Time over which an objective holds.")
        below = self._family(
            "model_slo_below_seconds", "Time that a good prediction takes at most."
        )
        accuracy = self._family(
            "model_slo_accuracy_ratio",
            "Accuracy of good minutes, where the objective of quality is a share of minutes.",
        )
        for name, promise in snapshot.objectives():
            self._add(objective, name, promise.objective)
            self._add(budget, name, float(error_budget(promise.objective)))
            self._add(window, name, promise.window)
        if snapshot.latency is not None:
            self._add(below, "latency", snapshot.latency.below_seconds)
        if snapshot.quality is not None and snapshot.quality.accuracy is not None:
            self._add(accuracy, "quality", snapshot.quality.accuracy)
        yield from (one for one in (objective, budget, window, below, accuracy) if one.samples)

    def _family(self, name: str, meaning: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, meaning, labels=[*self._labels, "slo"])

    def _add(self, family: GaugeMetricFamily, slo: str, value: float) -> None:
        family.add_metric([*self._labels.values(), slo], value)

    def dump(self) -> dict[str, Any]:
        """Return no state."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore no state."""

    def merge(self, other: Objectives) -> None:
        """Add nothing: every instance promises for itself."""
