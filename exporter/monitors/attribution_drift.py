"""Drift of attributions: features that contribute more, less or otherwise than in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.attributions import FIELD, importance, rank_agreement, sizes
from exporter.drift.comparison import MIN_REFERENCE_ROWS, Comparison
from exporter.drift.family import Results, TestFamily
from exporter.drift.reference import Reference
from exporter.drift.tests import TESTS
from exporter.monitors.column_windows import ColumnWindows, WindowTotals
from exporter.monitors.drift_gauges import TOO_FEW_REFERENCE_ROWS, TOO_FEW_ROWS
from exporter.records import RecordBatch
from exporter.windows import RingView, Window

TOO_FEW_FEATURES = "too_few_features"
TEST = "ks"
TESTED_SERIES = 2
"""Series of a feature in a window that is tested, besides those that it has in any case."""

Snapshot = tuple[tuple[RingView, RingView], ...]


class AttributionDrift:
    """Compares the absolute attributions of each feature, and the order of features, by window.

    The features are a family of tests of their own: they take nothing from the columns' alpha.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    windows
        The configured windows, in the order of a batch's placements.
    settings
        The model's section `drift`.
    reference
        What `settings.reference` holds; with attributions.
    """

    name: ClassVar[str] = "attribution_drift"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        settings: DriftSettings,
        reference: Reference,
    ) -> None:
        self._labels = dict(labels)
        self._identity = reference.digest
        self._columns = reference.attributions
        comparisons = [Comparison(column, TESTS[TEST]) for column in self._columns]
        self._too_small = [one.effective_reference < MIN_REFERENCE_ROWS for one in comparisons]
        self._family = TestFamily(comparisons, settings.correction, settings.min_samples)
        self._importance = np.array([importance(column) for column in self._columns])
        self._least = settings.min_samples
        # A ranking needs all features: the one with the longest memory decides.
        self._tau = max(column.tau for column in self._columns)
        self._windows = ColumnWindows(
            windows, [len(column.counts) for column in self._columns], len(self._columns) + 1
        )

    def update(self, batch: RecordBatch) -> None:
        """Count the attributions of a batch's predictions."""
        logged = batch.maps.get(FIELD)
        if not logged:
            return
        predictions = batch.attempt & ~batch.failed
        found = {feature: sizes(batch, feature) for feature in logged}
        some = np.zeros(len(batch), dtype=bool)
        for values in found.values():
            some |= ~np.isnan(values)
        some &= predictions
        if not some.any():
            return
        nothing = np.full(len(batch), np.nan)
        columns = [
            np.where(some, found.get(column.name, nothing), np.nan) for column in self._columns
        ]
        self._windows.add(
            batch.placements,
            [column.assign(own) for column, own in zip(self._columns, columns, strict=True)],
            [*map(np.nan_to_num, columns), some.astype(np.float64)],
        )

    def snapshot(self) -> Snapshot:
        """Return an immutable copy of the windows; empty before the first attribution."""
        return self._windows.view()

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Test every window as it stands at `now` and yield the results."""
        gauges = _Gauges(self._labels)
        for totals in self._windows.totals(snapshot, now):
            self._add_tests(gauges, totals)
            self._add_ranking(gauges, totals)
        yield from gauges

    def _add_tests(self, gauges: _Gauges, totals: WindowTotals) -> None:
        results: Results = self._family.test(totals.counts[None])
        for at, column in enumerate(self._columns):
            labels = [*self._labels.values(), totals.window.name, column.name]
            gauges.samples.add_metric(labels, float(results.effective[0, at]))
            if not results.tested[0, at]:
                reason = TOO_FEW_REFERENCE_ROWS if self._too_small[at] else TOO_FEW_ROWS
                gauges.evaluable.add_metric([*labels, reason], 0.0)
                continue
            gauges.evaluable.add_metric([*labels, ""], 1.0)
            gauges.pvalue.add_metric(labels, float(results.adjusted[0, at]))
            gauges.statistic.add_metric(labels, float(results.statistic[0, at]))

    def _add_ranking(self, gauges: _Gauges, totals: WindowTotals) -> None:
        labels = [*self._labels.values(), totals.window.name]
        records = float(totals.sums[-1])
        gauges.rank_samples.add_metric(labels, records / self._tau)
        reason = self._reason(records)
        gauges.rank_evaluable.add_metric([*labels, reason], float(not reason))
        if not reason:
            # As in the reference, a feature that a record leaves out contributes nothing to it.
            agreement = rank_agreement(self._importance, totals.sums[:-1] / records)
            gauges.agreement.add_metric(labels, agreement)

    def _reason(self, records: float) -> str:
        if np.count_nonzero(self._importance) == 0 or len(self._columns) == 1:
            return TOO_FEW_FEATURES
        if self._columns[0].rows / self._tau < MIN_REFERENCE_ROWS:
            return TOO_FEW_REFERENCE_ROWS
        return TOO_FEW_ROWS if records / self._tau < self._least else ""

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"reference": self._identity, "windows": self._windows.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted against another reference.
        """
        if state["reference"] != self._identity:
            raise ValueError("the reference has changed")
        self._windows.load(state["windows"])

    def merge(self, other: AttributionDrift) -> None:
        """Add the counts of another monitor of the same reference and windows."""
        self._windows.merge(other._windows)


class _Gauges:
    """The metric families, filled window by window."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        def gauge(name: str, documentation: str, *more: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(name, documentation, labels=[*labels, "window", *more])

        self.pvalue = gauge(
            "model_attribution_drift_pvalue",
            "Probability of a difference of the feature's absolute attributions from the "
            "reference as large as this without drift, corrected for the number of features.",
            "feature",
        )
        self.statistic = gauge(
            "model_attribution_drift_statistic",
            "KS distance of the feature's absolute attributions from the reference.",
            "feature",
        )
        self.evaluable = gauge(
            "model_attribution_drift_evaluable",
            "Whether the feature's attributions could be tested, and the reason if not.",
            "feature",
            "reason",
        )
        self.samples = gauge(
            "model_attribution_drift_effective_samples",
            "Independent attributions that those of the window are worth.",
            "feature",
        )
        self.agreement = gauge(
            "model_attribution_rank_agreement_ratio",
            "How far features rank by mean absolute attribution as in the reference (nDCG); 1 is "
            "the same order.",
        )
        self.rank_evaluable = gauge(
            "model_attribution_rank_evaluable",
            "Whether the features could be ranked, and the reason if not.",
            "reason",
        )
        self.rank_samples = gauge(
            "model_attribution_rank_effective_samples",
            "Independent predictions that those of the window with attributions are worth.",
        )

    def __iter__(self) -> Iterator[Metric]:
        every = (self.pvalue, self.statistic, self.evaluable, self.samples)
        ranking = (self.agreement, self.rank_evaluable, self.rank_samples)
        return (family for family in (*every, *ranking) if family.samples)
