"""Drift: windows of predictions compared with the reference, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.comparison import MIN_REFERENCE_ROWS, Comparison, select
from exporter.drift.dissimilarity import Dissimilarity
from exporter.drift.family import Results, TestFamily
from exporter.drift.observations import cells
from exporter.drift.reference import Reference
from exporter.placement import add_side_by_side
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

TOO_FEW_ROWS = "too_few_rows"
TOO_FEW_REFERENCE_ROWS = "too_few_reference_rows"
HOLD_STEPS = 20
"""Windows that are looked at, one after the other, in the length of one."""


class Drift:
    """Counts each window at the cells of the reference, and tests the counts when it is scraped.

    The cells of all columns lie side by side in one ring a window, so that the cost of a batch
    hardly depends on the number of windows. The rings reach back for two windows: drift is what
    every window of the last window's length shows, which needs no memory of earlier looks.

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
        self._family = TestFamily(self._comparisons, settings.correction, settings.min_samples)
        self._dissimilarity = Dissimilarity(
            [comparison.column for comparison in self._comparisons], settings.distances
        )
        self._windows = tuple(windows)
        self._rings = [
            WindowRing(Window(window.name, 2 * window.seconds), (self._family.cells,), np.int32)
            for window in windows
        ]
        self._views: tuple[RingView, ...] | None = None

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not predictions.any() or not self._comparisons:
            return
        columns = (cells(batch, comparison.column) for comparison in self._comparisons)
        if not predictions.all():
            columns = (np.where(predictions, column, -1) for column in columns)
        placements = [placement.doubled for placement in batch.placements]
        add_side_by_side(self._rings, placements, columns, self._sizes)
        self._views = None

    def snapshot(self) -> tuple[RingView, ...]:
        """Return the windows' counts; the same object until the next update."""
        if self._views is None:
            self._views = tuple(ring.view() for ring in self._rings)
        return self._views

    def families(self, snapshot: tuple[RingView, ...], now: float) -> Iterable[Metric]:
        """Test every window as it stands at `now` and yield the results."""
        gauges = _Gauges(self._labels, self._comparisons)
        for window, view in zip(self._windows, snapshot, strict=True):
            if self._comparisons:
                counts = view.halves(now, 0)
                results = self._family.test(counts)
                gauges.add(window, results, self._detected(results, view, now))
                tested = np.flatnonzero(results.tested[0])
                measured = self._dissimilarity.measure(counts[0], tested.tolist())
                gauges.add_distances(window, tested.tolist(), measured)
        yield from gauges

    def _detected(self, results: Results, view: RingView, now: float) -> Mask:
        """Return bool[columns], drift is there, and has been for as long as the window."""
        detected: Mask = self._differs(results)[0]
        if self._settings.hold and detected.any():
            before = self._family.test(view.halves(now, HOLD_STEPS))
            detected = np.logical_and.reduce(self._differs(before))
        return detected

    def _differs(self, results: Results) -> Mask:
        """Return bool[windows, columns], the difference is significant, and large enough to matter.

        With many records significance alone finds differences that matter to nobody.
        """
        significant: Mask = results.adjusted <= self._settings.alpha
        large: Mask = results.effect >= self._settings.min_effect
        return significant & large

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

    def __init__(self, labels: Mapping[str, str], comparisons: Sequence[Comparison]) -> None:
        self._values = list(labels.values())
        self._comparisons = comparisons

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
            "Whether the column differs from the reference significantly, enough to matter, and "
            "for as long as the window.",
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
            "Independent values that those of the window are worth.",
            "feature",
        )
        self._share = gauge(
            "model_drift_features_ratio",
            "Share of the tested columns in which drift is detected.",
        )

        self._distance = gauge(
            "model_drift_distance",
            "How far the column is from the reference; psi less what chance makes of it.",
            "feature",
            "distance",
        )

    def __iter__(self) -> Iterator[Metric]:
        yield self._pvalue
        yield self._statistic
        yield self._adjusted
        yield self._detected
        yield self._evaluable
        yield self._samples
        yield self._share
        if self._distance.samples:
            yield self._distance

    def add(self, window: Window, results: Results, detected: Mask) -> None:
        """Add the results of one window, the first one of `results`."""
        where = [*self._values, window.name]
        tested = results.tested[0]
        for at, comparison in enumerate(self._comparisons):
            column = [*where, comparison.column.name]
            self._samples.add_metric(column, float(results.effective[0, at]))
            if not tested[at]:
                few = comparison.effective_reference < MIN_REFERENCE_ROWS
                reason = TOO_FEW_REFERENCE_ROWS if few else TOO_FEW_ROWS
                self._evaluable.add_metric([*column, reason], 0.0)
                continue
            self._evaluable.add_metric([*column, ""], 1.0)
            test = [*column, comparison.test.name]
            self._pvalue.add_metric(test, float(results.pvalue[0, at]))
            self._statistic.add_metric(test, float(results.statistic[0, at]))
            self._adjusted.add_metric(test, float(results.adjusted[0, at]))
            self._detected.add_metric(column, float(detected[at]))
        if tested.any():
            self._share.add_metric(where, float(detected.sum() / tested.sum()))

    def add_distances(
        self, window: Window, tested: Sequence[int], measured: Mapping[str, Floats]
    ) -> None:
        """Add the distances of some columns of one window."""
        for name, found in measured.items():
            for at, distance in zip(tested, found.tolist(), strict=True):
                # A column of classes has no Wasserstein distance.
                if not np.isnan(distance):
                    column = self._comparisons[at].column.name
                    self._distance.add_metric([*self._values, window.name, column, name], distance)
