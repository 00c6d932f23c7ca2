"""The probability from which on the model decides for the positive class, as it was logged last."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.records import RecordBatch


class DecisionThreshold:
    """Keeps the `threshold` of the latest prediction, by event time.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    """

    name: ClassVar[str] = "decision_threshold"

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._latest = (-math.inf, math.nan)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        logged = batch.numbers.get("threshold")
        if logged is None:
            return
        rows = np.flatnonzero(batch.attempt & ~np.isnan(logged))
        if rows.size:
            times = batch.event_time[rows]
            # Of several at one time the highest, so that their order does not matter.
            latest = times == times.max()
            found = float(times.max()), float(logged[rows][latest].max())
            if math.isnan(self._latest[1]) or found > self._latest:
                self._latest = found

    def snapshot(self) -> float:
        """Return the threshold, NaN if none was logged."""
        return self._latest[1]

    def families(self, snapshot: float, now: float) -> Iterator[Metric]:
        """Yield the threshold, if one was logged."""
        del now
        if not math.isnan(snapshot):
            family = GaugeMetricFamily(
                "model_decision_threshold_ratio",
                "Probability from which on the model decided for the positive class lately.",
                labels=list(self._labels),
            )
            family.add_metric(list(self._labels.values()), snapshot)
            yield family

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        time, threshold = self._latest
        return {} if math.isnan(threshold) else {"time": time, "threshold": threshold}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        if state:
            self._latest = float(state["time"]), float(state["threshold"])

    def merge(self, other: DecisionThreshold) -> None:
        """Keep the later one."""
        if not math.isnan(other._latest[1]):
            mine = self._latest
            self._latest = other._latest if math.isnan(mine[1]) else max(mine, other._latest)
