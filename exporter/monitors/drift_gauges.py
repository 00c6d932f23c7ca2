"""The metric families of drift tests, filled window by window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.drift.comparison import MIN_REFERENCE_ROWS, Comparison, SampleComparison
from exporter.drift.expected import Expected
from exporter.drift.family import Results
from exporter.records import Floats, Mask

TOO_FEW_ROWS = "too_few_rows"
TOO_FEW_REFERENCE_ROWS = "too_few_reference_rows"
REFERENCE_INCOMPLETE = "reference_incomplete"


class DriftGauges:
    """What windows, or the last values, say about columns.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    comparisons
        The columns, in the order of what is added.
    """

    def __init__(
        self,
        labels: Mapping[str, str],
        comparisons: Sequence[Comparison | SampleComparison],
    ) -> None:
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
            "Statistic of the drift test, such as the KS distance or Pearson's chi-square.",
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

        self._reference_samples = gauge(
            "model_drift_reference_effective_samples",
            "Independent values that what the window is compared with is worth: the same hours, or "
            "a period that ended some time ago.",
            "feature",
        )
        self._season = gauge(
            "model_drift_season_ratio",
            "Share of the values that are compared with their own hour, or day, of the reference, "
            "which has too few of the others.",
            "feature",
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
        if self._reference_samples.samples:
            yield self._reference_samples
        if self._season.samples:
            yield self._season

    def add(self, window: str, results: Results, detected: Mask, *, complete: bool = True) -> None:
        """Add the results of one window, by its name: the first one of `results`.

        Parameters
        ----------
        detected
            bool[columns], there is drift.
        complete
            Whether what it is to be compared with was there.
        """
        where = [*self._values, window]
        tested = results.tested[0]
        for at, comparison in enumerate(self._comparisons):
            column = [*where, comparison.column.name]
            self._samples.add_metric(column, float(results.effective[0, at]))
            if not tested[at]:
                few = results.reference[0, at] < MIN_REFERENCE_ROWS
                reason = TOO_FEW_REFERENCE_ROWS if few else TOO_FEW_ROWS
                reason = reason if complete else REFERENCE_INCOMPLETE
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

    def add_reference(self, window: str, results: Results, expected: Expected) -> None:
        """Add what one window, by its name, is compared with: the first one of `results`."""
        for at, comparison in enumerate(self._comparisons):
            column = [*self._values, window, comparison.column.name]
            own = None if expected.own is None else float(expected.own[0, at])
            if own is None or not np.isnan(own):
                size = float(results.reference[0, at])
                self._reference_samples.add_metric(column, size)
                if own is not None:
                    self._season.add_metric(column, own)

    def add_distances(
        self, window: str, tested: Sequence[int], measured: Mapping[str, Floats]
    ) -> None:
        """Add the distances of some columns of one window."""
        for name, found in measured.items():
            for at, distance in zip(tested, found.tolist(), strict=True):
                # A column of classes has no Wasserstein distance.
                if not np.isnan(distance):
                    column = self._comparisons[at].column.name
                    self._distance.add_metric([*self._values, window, column, name], distance)
