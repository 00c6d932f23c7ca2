"""Drift of embeddings: inputs that lie elsewhere than those of the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.comparison import MIN_REFERENCE_ROWS, Comparison
from exporter.drift.embedding import EmbeddingReference, mean_distance
from exporter.drift.family import TestFamily
from exporter.drift.projection import projected
from exporter.drift.tests import TESTS
from exporter.monitors.column_windows import ColumnWindows
from exporter.monitors.drift_gauges import TOO_FEW_REFERENCE_ROWS, TOO_FEW_ROWS
from exporter.records import RecordBatch
from exporter.windows import RingView, Window

SERIES = 6
"""Series of a window that is tested, and the counter."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts at one moment."""

    embeddings: int
    windows: tuple[tuple[RingView, RingView], ...]


class EmbeddingDrift:
    """Compares projections of embeddings with the reference's: their distributions and their mean.

    Each axis and the norm has a KS test. Holm's correction makes one p-value of them: the smallest
    adjusted one. They are a family of their own, and take nothing from the columns' alpha.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    windows
        The configured windows, in the order of a batch's placements.
    settings
        The model's section `drift`.
    reference
        Of the embeddings.
    """

    name: ClassVar[str] = "embedding_drift"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        settings: DriftSettings,
        reference: EmbeddingReference,
    ) -> None:
        self._labels = dict(labels)
        self._reference = reference
        comparisons = [Comparison(column, TESTS["ks"]) for column in reference.columns]
        self._too_small = any(one.effective_reference < MIN_REFERENCE_ROWS for one in comparisons)
        self._family = TestFamily(comparisons, "holm", settings.min_samples)
        self._embeddings = 0
        self._windows = ColumnWindows(
            windows, [len(column.counts) for column in reference.columns], len(reference.columns)
        )

    def update(self, batch: RecordBatch) -> None:
        """Count the embeddings of a batch's predictions."""
        values = projected(batch, self._reference.projection)
        if values is None:
            return
        known = batch.attempt & ~batch.failed & ~np.isnan(values[:, -1])
        number = int(known.sum())
        if not number:
            return
        self._embeddings += number
        if number < len(batch):
            values = np.where(known[:, None], values, np.nan)
        # Columns one behind the other in memory are read several times as fast.
        columns = np.ascontiguousarray(values.T)
        axes = columns[:-1] if number == len(batch) else np.nan_to_num(columns[:-1])
        self._windows.add(
            batch.placements,
            [
                column.assign(found)
                for column, found in zip(self._reference.columns, columns, strict=True)
            ],
            [*axes, known.astype(np.float64)],
        )

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(self._embeddings, self._windows.view())

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Test every window as it stands at `now` and yield the results."""
        if not snapshot.embeddings:
            return
        names, values = list(self._labels), list(self._labels.values())
        total = CounterMetricFamily(
            "model_embeddings", "Predictions with an embedding that could be used.", labels=names
        )
        total.add_metric(values, snapshot.embeddings)
        pvalue, statistic, distance, evaluable, samples = _gauges(names)
        for totals in self._windows.totals(snapshot.windows, now):
            labels = [*values, totals.window.name]
            results = self._family.test(totals.counts[None])
            samples.add_metric(labels, float(results.effective.min()))
            if not results.tested.all():
                reason = TOO_FEW_REFERENCE_ROWS if self._too_small else TOO_FEW_ROWS
                evaluable.add_metric([*labels, reason], 0.0)
                continue
            evaluable.add_metric([*labels, ""], 1.0)
            pvalue.add_metric(labels, float(results.adjusted.min()))
            statistic.add_metric(labels, float(results.statistic.max()))
            number = float(totals.sums[-1])
            distance.add_metric(
                labels, mean_distance(self._reference, totals.sums[:-1] / number, number)
            )
        families = (total, pvalue, statistic, distance, evaluable, samples)
        yield from (family for family in families if family.samples)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "reference": self._reference.digest,
            "embeddings": self._embeddings,
            "windows": self._windows.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted against another reference.
        """
        if state["reference"] != self._reference.digest:
            raise ValueError("the embeddings of the reference have changed")
        self._windows.load(state["windows"])
        self._embeddings = state["embeddings"]

    def merge(self, other: EmbeddingDrift) -> None:
        """Add the counts of another monitor of the same reference and windows."""
        self._embeddings += other._embeddings
        self._windows.merge(other._windows)


def _gauges(names: Sequence[str]) -> tuple[GaugeMetricFamily, ...]:
    def gauge(name: str, documentation: str, *more: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, documentation, labels=[*names, "window", *more])

    return (
        gauge(
            "model_embedding_drift_pvalue",
            "Probability that any projection of the embeddings differs from the reference as much "
            "as this without drift.",
        ),
        gauge(
            "model_embedding_drift_statistic",
            "Largest KS distance of a projection of the embeddings from the reference.",
        ),
        gauge(
            "model_embedding_mean_distance",
            "Distance of the mean embedding from the reference's, in standard deviations of a "
            "projection, less what chance makes of it.",
        ),
        gauge(
            "model_embedding_drift_evaluable",
            "Whether the embeddings could be tested, and the reason if not.",
            "reason",
        ),
        gauge(
            "model_embedding_drift_effective_samples",
            "Independent embeddings that those of the window are worth.",
        ),
    )
