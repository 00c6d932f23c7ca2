"""Drift of the last values themselves, which need no window of time and no cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.comparison import SampleComparison, select_samples
from exporter.drift.last_values import CAPACITY, LastValues, View
from exporter.drift.observations import numbers
from exporter.drift.reference import Reference
from exporter.drift.sample_family import Diagnosis, Look, SampleFamily
from exporter.monitors.drift_gauges import DriftGauges
from exporter.records import RecordBatch

WINDOW = f"last_{CAPACITY}"
"""The value of the label `window`."""
DIAGNOSTIC_SERIES = 7
"""Series of a column that is tested, besides those that every test has."""


class Snapshot:
    """The last values at one moment, tested when somebody asks, and once.

    Parameters
    ----------
    family
        Tests them.
    views
        Of each column.
    """

    def __init__(self, family: SampleFamily, views: Sequence[View]) -> None:
        self._family = family
        self._views = tuple(views)

    @cached_property
    def look(self) -> Look:
        """What the values say."""
        return self._family.look([view.values for view in self._views])


class DriftSamples:
    """Keeps the last 10,000 values of columns whose tests need them, in the order of reading.

    A column takes 84 kB; without such columns it does nothing. Tests run as a scrape asks for their
    results, at most once for each snapshot, so that ingestion never waits for them.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    settings
        The model's section `drift`.
    reference
        What `settings.reference` holds.

    Raises
    ------
    UsageError
        If the settings do not fit the reference.
    """

    name: ClassVar[str] = "drift_samples"

    def __init__(
        self, labels: Mapping[str, str], settings: DriftSettings, reference: Reference
    ) -> None:
        self._labels = dict(labels)
        self._comparisons = select_samples(settings, reference)
        self._family = SampleFamily(self._comparisons, settings)
        self._last = {comparison.column.name: LastValues() for comparison in self._comparisons}
        self._taken: Snapshot | None = None

    def update(self, batch: RecordBatch) -> None:
        """Keep the values of the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not self._last or not predictions.any():
            return
        for name, last in self._last.items():
            values = numbers(batch, name)
            last.add(values[predictions & np.isfinite(values)])
        self._taken = None

    def snapshot(self) -> Snapshot:
        """Return the values; the same object until the next update."""
        if self._taken is None:
            self._taken = Snapshot(self._family, [last.view() for last in self._last.values()])
        return self._taken

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the results of the tests, and what is of interest beside them."""
        if not self._comparisons:
            return
        look = snapshot.look
        gauges = DriftGauges(self._labels, self._comparisons)
        gauges.add(WINDOW, look.results, look.detected)
        yield from gauges
        yield from _diagnostics(self._labels, self._comparisons, look.diagnoses)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, a row for each block of values: full ones never change."""
        return {"values": dict(self._last)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Values are what they are, whatever the reference: those of a column that is tested still,
        or again, are taken, those of others dropped.

        Raises
        ------
        ValueError
            If it is nothing of this kind.
        """
        for name, stored in state["values"].items():
            if name in self._last:
                self._last[name].load(stored)
        self._taken = None

    def merge(self, other: DriftSamples) -> None:
        """Append the last values of another monitor, as if they had been read afterwards."""
        for name, last in other._last.items():
            self._last[name].add(last.view().values)
        self._taken = None


def _diagnostics(
    labels: Mapping[str, str],
    comparisons: Sequence[SampleComparison],
    diagnoses: Sequence[Diagnosis | None],
) -> Iterator[Metric]:
    names = [*labels, "window", "feature"]
    pvalue = GaugeMetricFamily(
        "model_drift_diagnostic_pvalue",
        "Probability without drift of a statistic as large as this, of tests that decide nothing.",
        labels=[*names, "test"],
    )
    statistic = GaugeMetricFamily(
        "model_drift_diagnostic_statistic",
        "F of analyses of variance over reference and sub-windows, W of Levene's test.",
        labels=[*names, "test"],
    )
    variance = GaugeMetricFamily(
        "model_drift_relative_variance",
        "Variance of the last values over that of the reference.",
        labels=names,
    )
    for comparison, found in zip(comparisons, diagnoses, strict=True):
        if found is None:
            continue
        column = [*labels.values(), WINDOW, comparison.column.name]
        for test, outcome in (
            ("anova", found.anova),
            ("welch_anova", found.welch_anova),
            ("levene", found.spread),
        ):
            pvalue.add_metric([*column, test], outcome.pvalue)
            statistic.add_metric([*column, test], outcome.statistic)
        variance.add_metric(column, found.spread.ratio)
    yield from (pvalue, statistic, variance)
