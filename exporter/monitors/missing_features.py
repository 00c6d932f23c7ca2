"""Features of the reference that predictions lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from exporter.drift.columns import NO_FEATURES
from exporter.drift.observations import missing
from exporter.drift.reference import Reference
from exporter.records import RecordBatch


class MissingFeatures:
    """Counts, for each feature of the reference, the predictions without a value for it.

    Missing is what a drift test can't use: absent, null, NaN or infinite, and in a numeric column
    anything that is no number.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    reference
        The reference; its outputs (prediction, confidence) are no features.
    """

    name: ClassVar[str] = "missing_features"

    def __init__(self, labels: Mapping[str, str], reference: Reference) -> None:
        self._labels = dict(labels)
        self._columns = [column for column in reference.columns if column.name not in NO_FEATURES]
        self._missing = np.zeros(len(self._columns), dtype=np.int64)

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not predictions.any():
            return
        for position, column in enumerate(self._columns):
            self._missing[position] += int((missing(batch, column) & predictions).sum())

    def snapshot(self) -> list[int]:
        """Return the counts, in the order of the reference's features."""
        return self._missing.tolist()

    def families(self, snapshot: list[int], now: float) -> Iterable[Metric]:  # noqa: ARG002
        """Yield the counter, every feature from 0 on."""
        family = CounterMetricFamily(
            "model_feature_missing",
            "Predictions without a usable value for a feature of the reference.",
            labels=[*self._labels, "feature"],
        )
        for column, count in zip(self._columns, snapshot, strict=True):
            family.add_metric([*self._labels.values(), column.name], count)
        yield family

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"missing": dict(zip(self._names(), self._missing.tolist(), strict=True))}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; features that are new start at 0."""
        self._missing[:] = [state["missing"].get(name, 0) for name in self._names()]

    def merge(self, other: MissingFeatures) -> None:
        """Add the counts of another monitor of the same reference.

        Raises
        ------
        ValueError
            If its features are others.
        """
        if self._names() != other._names():
            raise ValueError("can't merge counts of different features")
        self._missing += other._missing

    def _names(self) -> list[str]:
        return [column.name for column in self._columns]
