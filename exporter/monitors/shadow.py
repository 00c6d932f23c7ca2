"""How far another version, which only looks on, differs from the one that answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.budget import Budget
from exporter.monitors.labelled_sums import LabelledSums, Snapshot
from exporter.monitors.labels import LabelValues
from exporter.records import FeatureColumn, Floats, RecordBatch, or_empty, same
from exporter.windows import Window

VERSIONS = 3
_SERIES, _SERIES_OF_WINDOW = 2, 6
_COMPARED, _DIFFERENT, _CONFIDENCES, _CONFIDENCE_GAP, _LATENCIES, _LATENCY_GAP = range(6)
_SUMS = 6


class Shadow(LabelledSums):
    """Compares what is logged in `shadow` with the answer to the same input.

    The comparison is paired: a record counts if both versions say a class. A gap is what the shadow
    has more than the version that answers, over the records at which both tell it.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new shadow versions.
    """

    name: ClassVar[str] = "shadow"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], budget: Budget
    ) -> None:
        series = _SERIES + _SERIES_OF_WINDOW * len(windows)
        versions = LabelValues(
            VERSIONS, grant=lambda: budget.claim("model_shadow_comparisons_total", series)
        )
        super().__init__(labels, windows, _SUMS, versions, "versions")

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        said = batch.maps.get("shadow", {})
        if "prediction" not in said:
            return
        theirs = said["prediction"].categorical()
        known = batch.attempt & ~batch.failed & (batch.prediction.codes >= 0) & (theirs.codes >= 0)
        if not known.any():
            return
        version = said["version"].categorical() if "version" in said else None
        slots = self._values.encode(or_empty(version, len(batch)).where(known))
        confidence = _gap(said, "confidence", 1.0, batch.confidence)
        latency = _gap(said, "latency_ms", 1e-3, batch.latency)
        self._count(batch, slots, _COMPARED, known)
        self._count(batch, slots, _DIFFERENT, known & ~same(batch.prediction, theirs))
        for cell, gap in ((_CONFIDENCES, confidence), (_LATENCIES, latency)):
            both = known & ~np.isnan(gap)
            self._count(batch, slots, cell, both)
            self._count(batch, slots, cell + 1, both, gap)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling figures; nothing before the first comparison."""
        if not snapshot.named:
            return
        names, values = [*self._labels, "shadow_version"], list(self._labels.values())
        compared = CounterMetricFamily(
            "model_shadow_comparisons",
            "Predictions of a class for which the log has that of the shadow version as well.",
            labels=names,
        )
        different = CounterMetricFamily(
            "model_shadow_disagreements",
            "Predictions of a class for which the shadow version says another one.",
            labels=names,
        )
        totals = self._table(snapshot.totals)
        for slot, version in snapshot.named:
            compared.add_metric([*values, version], float(totals[_COMPARED, slot]))
            different.add_metric([*values, version], float(totals[_DIFFERENT, slot]))
        yield from (compared, different)
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "shadow_version", "window"], list(self._labels.values())
        ratio = BoundedRatio(
            "model_shadow_disagreement_ratio",
            "Share of the window's comparisons at which the shadow version says something else.",
            names,
        )
        number = GaugeMetricFamily(
            "model_shadow_window_comparisons",
            "Predictions of the window that are compared with the shadow version's.",
            labels=names,
        )
        confidence = GaugeMetricFamily(
            "model_shadow_confidence_gap_mean",
            "Mean of the shadow version's confidence less that of the version that answers.",
            labels=names,
        )
        latency = GaugeMetricFamily(
            "model_shadow_latency_gap_mean_seconds",
            "Mean of the shadow version's latency less that of the version that answers.",
            labels=names,
        )
        for ring in snapshot.rings:
            sums = self._table(ring.total(now))
            for slot, version in snapshot.named:
                at = [*values, version, ring.window.name]
                number.add_metric(at, float(sums[_COMPARED, slot]))
                if sums[_COMPARED, slot]:
                    ratio.count(at, float(sums[_DIFFERENT, slot]), float(sums[_COMPARED, slot]))
                for gauge, kind in ((confidence, _CONFIDENCES), (latency, _LATENCIES)):
                    if sums[kind, slot]:
                        gauge.add_metric(at, float(sums[kind + 1, slot] / sums[kind, slot]))
        yield from ratio
        yield from (number, confidence, latency)


def _gap(said: Mapping[str, FeatureColumn], name: str, unit: float, answered: Floats) -> Floats:
    """Return float64[n], NaN where one of the two is missing or no possible value."""
    if name not in said:
        return np.full(len(answered), np.nan)
    theirs = said[name].numeric() * unit
    possible = (theirs >= 0) & (theirs <= (1.0 if name == "confidence" else np.inf))
    return np.where(possible & np.isfinite(theirs), theirs - answered, np.nan)
