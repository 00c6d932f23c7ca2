"""Drift: windows of predictions compared with the reference, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.evaluation import Verdict, evaluate, select
from exporter.drift.observations import cells
from exporter.drift.reference import Reference
from exporter.placement import add_side_by_side
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


class Drift:
    """Counts each window at the cells of the reference, and tests the counts when it is scraped.

    The cells of all columns lie side by side in one ring a window, so that the cost of a batch
    hardly depends on the number of windows.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    windows
        The configured windows, in the order of a batch's placements.
    settings
        The model's section `drift`.
    reference
        What `settings.reference` holds.

    Raises
    ------
    UsageError
        If the settings do not fit the reference.
    """

    name: ClassVar[str] = "drift"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        settings: DriftSettings,
        reference: Reference,
    ) -> None:
        self._labels = dict(labels)
        self._settings = settings
        self._reference = reference
        self._comparisons = select(settings, reference)
        self._sizes = [len(comparison.column.counts) for comparison in self._comparisons]
        self._bounds = np.cumsum([0, *self._sizes])
        self._rings = [WindowRing(window, (sum(self._sizes),), np.int32) for window in windows]
        self._views: tuple[RingView, ...] | None = None

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not predictions.any() or not self._comparisons:
            return
        columns = (cells(batch, comparison.column) for comparison in self._comparisons)
        if not predictions.all():
            columns = (np.where(predictions, column, -1) for column in columns)
        add_side_by_side(self._rings, batch.placements, columns, self._sizes)
        self._views = None

    def snapshot(self) -> tuple[RingView, ...]:
        """Return the windows' counts; the same object until the next update."""
        if self._views is None:
            self._views = tuple(ring.view() for ring in self._rings)
        return self._views

    def families(self, snapshot: tuple[RingView, ...], now: float) -> Iterable[Metric]:
        """Test every window as it stands at `now` and yield the results."""
        gauges = _Gauges(self._labels)
        for view in snapshot:
            counts = np.split(view.total(now).astype(np.int64), self._bounds[1:-1])
            if self._comparisons:
                gauges.add(view.window, evaluate(self._comparisons, counts, self._settings))
        yield from gauges

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "columns": self._identity(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the state was counted at other cells.
        """
        if state["columns"] != self._identity():
            raise ValueError("the reference or the tested columns have changed")
        load_rings(self._rings, state["rings"])
        self._views = None

    def merge(self, other: Drift) -> None:
        """Add the counts of another monitor of the same reference, columns and windows.

        Raises
        ------
        ValueError
            If these differ.
        """
        if self._identity() != other._identity():
            raise ValueError("can't merge counts at different cells")
        for ring, theirs in zip(self._rings, other._rings, strict=True):
            ring.merge(theirs)
        self._views = None

    def _identity(self) -> list[str]:
        """Return what fixes the meaning of every cell."""
        names = [comparison.column.name for comparison in self._comparisons]
        return [self._reference.digest, *names]


class _Gauges:
    """The metric families of drift, filled window by window."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._values = list(labels.values())

        def gauge(name: str, documentation: str, *more: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(name, documentation, labels=[*labels, "window", *more])

        self._pvalue = gauge(
            "model_drift_pvalue",
            "Probability of a difference from the reference as large as this without drift.",
            "feature",
            "test",
        )
        self._statistic = gauge(
            "model_drift_statistic",
            "Statistic of the drift test: the KS distance, or Pearson's chi-square.",
            "feature",
            "test",
        )
        self._adjusted = gauge(
            "model_drift_adjusted_pvalue",
            "The p-value of the drift test, corrected for the number of columns tested.",
            "feature",
            "test",
        )
        self._detected = gauge(
            "model_drift_detected",
            "Whether the column differs from the reference significantly and enough to matter.",
            "feature",
        )
        self._evaluable = gauge(
            "model_drift_evaluable",
            "Whether the column could be tested, and the reason if not.",
            "feature",
            "reason",
        )
        self._samples = gauge(
            "model_drift_effective_samples",
            "Values of the window that the drift test rests on.",
            "feature",
        )
        self._share = gauge(
            "model_drift_features_ratio",
            "Share of the tested columns in which drift is detected.",
        )

    def __iter__(self) -> Iterator[Metric]:
        yield self._pvalue
        yield self._statistic
        yield self._adjusted
        yield self._detected
        yield self._evaluable
        yield self._samples
        yield self._share

    def add(self, window: Window, verdicts: Sequence[Verdict]) -> None:
        """Add the results of one window."""
        where = [*self._values, window.name]
        for verdict in verdicts:
            column = [*where, verdict.comparison.column.name]
            self._evaluable.add_metric([*column, verdict.reason], float(not verdict.reason))
            self._samples.add_metric(column, verdict.n)
            outcome, adjusted = verdict.outcome, verdict.adjusted_pvalue
            if outcome is None or adjusted is None:
                continue
            tested = [*column, verdict.comparison.test.name]
            self._pvalue.add_metric(tested, outcome.pvalue)
            self._statistic.add_metric(tested, outcome.statistic)
            self._adjusted.add_metric(tested, adjusted)
            self._detected.add_metric(column, float(bool(verdict.detected)))
        detected = [verdict.detected for verdict in verdicts if verdict.detected is not None]
        if detected:
            self._share.add_metric(where, sum(detected) / len(detected))
