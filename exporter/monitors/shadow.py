"""How far another version, which only looks on, differs from the one that answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.budget import Budget
from exporter.monitors.labels import LabelValues
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.placement import add_all
from exporter.records import FeatureColumn, Floats, Mask, RecordBatch, or_empty, same
from exporter.windows import Window

VERSIONS = 3
_SLOTS = VERSIONS + 1
_SERIES, _SERIES_OF_WINDOW = 2, 6
_COMPARED, _DIFFERENT, _CONFIDENCES, _CONFIDENCE_GAP, _LATENCIES, _LATENCY_GAP = range(6)
_SUMS = 6


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """The sums, and the numbers of the shadow versions, at one moment."""

    versions: list[tuple[int, str]]


class Shadow(WindowedSums):
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
        super().__init__(labels, windows, _SUMS * _SLOTS)
        series = _SERIES + _SERIES_OF_WINDOW * len(windows)
        self._versions = LabelValues(
            VERSIONS, grant=lambda: budget.claim("model_shadow_comparisons_total", series)
        )

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
        slots = self._versions.encode(or_empty(version, len(batch)).where(known))
        confidence = _gap(said, "confidence", 1.0, batch.confidence)
        latency = _gap(said, "latency_ms", 1e-3, batch.latency)
        self._count(batch, slots, _COMPARED, known)
        self._count(batch, slots, _DIFFERENT, known & ~same(batch.prediction, theirs))
        for cell, gap in ((_CONFIDENCES, confidence), (_LATENCIES, latency)):
            both = known & ~np.isnan(gap)
            self._count(batch, slots, cell, both)
            self._count(batch, slots, cell + 1, both, gap)

    def _count(
        self,
        batch: RecordBatch,
        slots: NDArray[np.int64],
        kind: int,
        rows: Mask,
        weights: Floats | None = None,
    ) -> None:
        cells = np.where(rows, slots + kind * _SLOTS, -1)
        counted = None if weights is None else weights[rows]
        self._totals += np.bincount(cells[rows], counted, minlength=len(self._totals))
        add_all(self._rings, batch.placements, cells, weights)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, self._versions.numbered())

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling figures; nothing before the first comparison."""
        if not snapshot.versions:
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
        totals = snapshot.totals.reshape(_SUMS, _SLOTS)
        for slot, version in snapshot.versions:
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
            sums = ring.total(now).reshape(_SUMS, _SLOTS)
            for slot, version in snapshot.versions:
                at = [*values, version, ring.window.name]
                number.add_metric(at, float(sums[_COMPARED, slot]))
                if sums[_COMPARED, slot]:
                    ratio.count(at, float(sums[_DIFFERENT, slot]), float(sums[_COMPARED, slot]))
                for gauge, kind in ((confidence, _CONFIDENCES), (latency, _LATENCIES)):
                    if sums[kind, slot]:
                        gauge.add_metric(at, float(sums[kind + 1, slot] / sums[kind, slot]))
        yield from ratio
        yield from (number, confidence, latency)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), "versions": self._versions.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        super().load(state)
        self._versions.load(**state["versions"])

    def merge(self, other: Shadow) -> None:
        """Add the state of a monitor with the same windows."""
        numbers = self._versions.merge(other._versions)
        kinds = np.arange(_SUMS)[:, np.newaxis] * _SLOTS
        self._merge_at(other, (kinds + numbers).ravel())


def _gap(said: Mapping[str, FeatureColumn], name: str, unit: float, answered: Floats) -> Floats:
    """Return float64[n], NaN where one of the two is missing or no possible value."""
    if name not in said:
        return np.full(len(answered), np.nan)
    theirs = said[name].numeric() * unit
    possible = (theirs >= 0) & (theirs <= (1.0 if name == "confidence" else np.inf))
    return np.where(possible & np.isfinite(theirs), theirs - answered, np.nan)
