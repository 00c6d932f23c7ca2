"""Numbers of features that are far from all that the reference has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from exporter.drift.columns import NO_FEATURES, NumericColumn, feature_name
from exporter.drift.observations import successful
from exporter.drift.reference import Reference
from exporter.quality.fences import METHODS, Fences
from exporter.records import RecordBatch


class Outliers:
    """Counts the values of numeric features that lie beyond the fences of the reference.

    Each value counts, not each record: a rare but good record may have one. NaN and infinity are
    missing values, not outliers.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    reference
        The reference; its outputs (prediction, confidence) are no features.
    """

    name: ClassVar[str] = "outliers"

    def __init__(self, labels: Mapping[str, str], reference: Reference) -> None:
        self._labels = dict(labels)
        self._fences = {
            feature_name(column.name): Fences.of(column)
            for column in reference.columns
            if isinstance(column, NumericColumn) and column.name not in NO_FEATURES
        }
        self._outliers = np.zeros(len(METHODS), dtype=np.int64)

    def update(self, batch: RecordBatch) -> None:
        """Count the outliers of a batch."""
        rows = successful(batch)
        if not rows.size:
            return
        some = rows if len(rows) < len(batch) else slice(None)
        for feature, fences in self._fences.items():
            column = batch.features.get(feature)
            if column is not None:
                numbers = column.numeric()[some]
                if np.isinf(numbers).any():
                    numbers = numbers[np.isfinite(numbers)]
                self._outliers += fences.beyond(numbers)

    def snapshot(self) -> list[int]:
        """Return the counts, in the order of the methods."""
        return self._outliers.tolist()

    def families(self, snapshot: list[int], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the counter, every method from 0 on; none without a numeric feature."""
        found = family(self._labels)
        if self._fences:
            for method, count in zip(METHODS, snapshot, strict=True):
                found.add_metric([*self._labels.values(), method], count)
        yield found

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"outliers": dict(zip(METHODS, self._outliers.tolist(), strict=True))}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._outliers[:] = [state["outliers"].get(method, 0) for method in METHODS]

    def merge(self, other: Outliers) -> None:
        """Add the counts of another monitor."""
        self._outliers += other._outliers


def family(labels: Iterable[str]) -> CounterMetricFamily:
    """Return the family that all methods share, without series.

    Parameters
    ----------
    labels
        Names of the labels beside `method`.
    """
    return CounterMetricFamily(
        "model_outliers",
        "What is far from all of the reference. Values of numeric features: beyond 3 interquartile "
        "ranges of its quartiles (iqr), 3 standard deviations of its mean (zscore). Predictions: "
        "improbable by density, or by density and uncertainty.",
        labels=[*labels, "method"],
    )
