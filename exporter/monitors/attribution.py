"""How much each feature contributes to predictions: an underused one next to nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.budget import Budget
from exporter.monitors.labels import LabelValues
from exporter.placement import add_all
from exporter.records import Categorical, Floats, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

FEATURES = 50
LARGEST = 1e15
"""A greater attribution would spoil the sum of all others for good, and is passed over."""
# Cells of the rings: the sums of all features and of other, then as many numbers of values.
_CELLS = FEATURES + 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Sums and numbers by feature, and the rings, at one moment."""

    features: list[tuple[int, str]]
    sums: Floats
    counts: NDArray[np.int64]
    rings: tuple[RingView, ...]


class Attribution:
    """Means of the absolute attributions that are logged with predictions (`attributions`).

    Mean |attribution| is the usual measure of a feature's importance (Lundberg and Lee, A Unified
    Approach to Interpreting Model Predictions, 2017, for SHAP values).

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new features.
    """

    name: ClassVar[str] = "attribution"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], budget: Budget
    ) -> None:
        self._labels = dict(labels)
        self._windows = tuple(windows)
        self._features = LabelValues(
            FEATURES,
            grant=lambda: budget.claim("model_attribution_mean", 2 + 3 * len(windows)),
        )
        self._sums = np.zeros(_CELLS)
        self._counts = np.zeros(_CELLS, dtype=np.int64)
        # Most logs have no attributions: the rings are there from the first one on.
        self._rings: list[WindowRing] = []

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        attributions = batch.maps.get("attributions")
        if not attributions:
            return
        for name, column in attributions.items():
            size = np.abs(column.numeric())
            usable = batch.attempt & (size <= LARGEST)
            if usable.any():
                self._add(batch, name, np.where(usable, size, 0.0), usable)

    def _add(self, batch: RecordBatch, name: str, size: Floats, usable: NDArray[np.bool_]) -> None:
        if not self._rings:
            self._rings = [WindowRing(one, (2 * _CELLS,), np.float64) for one in self._windows]
        feature = self._number(name)
        self._sums[feature] += size.sum()
        self._counts[feature] += int(usable.sum())
        sums = np.where(usable, feature, -1)
        add_all(self._rings, batch.placements, sums, size)
        add_all(self._rings, batch.placements, np.where(usable, feature + _CELLS, -1))

    def _number(self, name: str) -> int:
        return int(self._features.encode(Categorical.encode([name]))[0])

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._features.numbered(),
            self._sums.copy(),
            self._counts.copy(),
            tuple(ring.view() for ring in self._rings),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges of the features that had attributions."""
        names, values = [*self._labels, "feature"], list(self._labels.values())
        total = CounterMetricFamily(
            "model_attribution_absolute",
            "Sum of the absolute attributions of the feature.",
            labels=names,
        )
        number = CounterMetricFamily(
            "model_attribution_values", "Attributions of the feature.", labels=names
        )
        for position, name in snapshot.features:
            total.add_metric([*values, name], float(snapshot.sums[position]))
            number.add_metric([*values, name], int(snapshot.counts[position]))
        yield from (total, number)
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window", "feature"], list(self._labels.values())
        window = GaugeMetricFamily(
            "model_window_attributions", "Attributions of the feature in the window.", labels=names
        )
        mean = GaugeMetricFamily(
            "model_attribution_mean",
            "Mean absolute attribution of the feature in the window.",
            labels=names,
        )
        share = GaugeMetricFamily(
            "model_attribution_share_ratio",
            "Mean absolute attribution over the sum of those of all features.",
            labels=names,
        )
        for ring in snapshot.rings:
            sums, counts = ring.total(now).reshape(2, _CELLS)
            means = np.divide(sums, counts, out=np.zeros(_CELLS), where=counts > 0)
            # `other` is many features: none of their means is that of a feature.
            whole = math.fsum(means[:FEATURES])
            for position, name in snapshot.features:
                if not counts[position]:
                    continue
                at = [*values, ring.window.name, name]
                window.add_metric(at, int(counts[position]))
                mean.add_metric(at, float(means[position]))
                if whole > 0 and position < FEATURES:
                    share.add_metric(at, float(means[position]) / whole)
        yield from (window, mean, share)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "features": self._features.dump(),
            "sums": self._sums.copy(),
            "counts": self._counts.copy(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If more features are stored than are kept.
        """
        self._features.load(**state["features"])
        self._sums[:] = state["sums"]
        self._counts[:] = state["counts"]
        self._rings = []
        if state["rings"]:
            self._rings = [WindowRing(one, (2 * _CELLS,), np.float64) for one in self._windows]
            load_rings(self._rings, state["rings"])

    def merge(self, other: Attribution) -> None:
        """Add the state of a monitor with the same windows; features are joined by their names."""
        mine = np.full(_CELLS, FEATURES)
        for position, name in other._features.numbered():
            if position < FEATURES:
                mine[position] = self._number(name)
        self._features.refused += other._features.refused
        np.add.at(self._sums, mine, other._sums)
        np.add.at(self._counts, mine, other._counts)
        if other._rings and not self._rings:
            self._rings = [WindowRing(one, (2 * _CELLS,), np.float64) for one in self._windows]
        for ring, theirs in zip(self._rings, other._rings, strict=bool(other._rings)):
            ring.merge(_renumbered(theirs, np.concatenate((mine, mine + _CELLS))))


def _renumbered(ring: WindowRing, cells: NDArray[np.int64]) -> WindowRing:
    """Return a ring with each cell moved to `cells`, int64[cells], where several may meet."""
    view = ring.view()
    slots = {}
    for slot in np.flatnonzero(view.epoch >= 0).tolist():
        values = np.zeros(len(cells))
        np.add.at(values, cells, view.slots[slot])
        slots[str(slot)] = {"epoch": int(view.epoch[slot]), "values": values}
    moved = WindowRing(ring.window, view.shape, np.float64)
    moved.load({"window": ring.window.seconds, "shape": list(view.shape), "slots": slots})
    return moved
