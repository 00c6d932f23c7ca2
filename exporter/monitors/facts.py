"""What is known of a model besides its figures: thresholds, and when it last spoke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from exporter.event_time import MAX_AHEAD_SECONDS
from exporter.records import RecordBatch


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Unix seconds of the last prediction and label, 0 before the first."""

    last_prediction: float
    last_label: float


class Facts:
    """Facts of one model.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    info
        Further labels of `model_info`, as they are when they are asked for.
    thresholds
        Limits by name, for the alerts.
    """

    name: ClassVar[str] = "facts"

    def __init__(
        self,
        labels: Mapping[str, str],
        info: Mapping[str, str],
        thresholds: Mapping[str, float],
    ) -> None:
        self._labels = dict(labels)
        self._info = info
        self._thresholds = dict(thresholds)
        self._last_prediction = 0.0
        self._last_label = 0.0

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        if batch.attempt.any():
            newest = float(batch.event_time[batch.attempt].max())
            self._last_prediction = _latest(self._last_prediction, newest, batch.received)
        labelled = batch.truth
        if labelled.any():
            newest = float(batch.event_time[labelled].max())
            self._last_label = _latest(self._last_label, newest, batch.received)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(self._last_prediction, self._last_label)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield facts; a time that never was is absent."""
        names, values = list(self._labels), list(self._labels.values())
        info = InfoMetricFamily("model", "The model as configured.", labels=names)
        info.add_metric(values, dict(self._info))
        yield info
        threshold = GaugeMetricFamily(
            "model_threshold", "Limit from the configuration.", labels=[*names, "name"]
        )
        for name, limit in self._thresholds.items():
            threshold.add_metric([*values, name], limit)
        prediction = GaugeMetricFamily(
            "model_last_prediction_timestamp_seconds",
            "Time of the latest prediction.",
            labels=names,
        )
        if snapshot.last_prediction:
            prediction.add_metric(values, snapshot.last_prediction)
        label = GaugeMetricFamily(
            "model_last_label_timestamp_seconds", "Time of the latest ground truth.", labels=names
        )
        if snapshot.last_label:
            label.add_metric(values, snapshot.last_label)
        yield from (threshold, prediction, label)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "last_prediction": self._last_prediction,
            "last_label": self._last_label,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._last_prediction = float(state["last_prediction"])
        self._last_label = float(state["last_label"])

    def merge(self, other: Facts) -> None:
        """Add the state of a monitor of the same model."""
        self._last_prediction = max(self._last_prediction, other._last_prediction)
        self._last_label = max(self._last_label, other._last_label)


def _latest(known: float, newest: float, received: float) -> float:
    # What lies further ahead was noted while the clock was: kept, it would hide a silence.
    return newest if known > received + MAX_AHEAD_SECONDS else max(known, newest)
