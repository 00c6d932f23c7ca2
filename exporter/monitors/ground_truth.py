"""How ground truth that comes later finds its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from exporter.joining.join import Join
from exporter.monitors.histogram import BucketView, Histogram
from exporter.placement import add_all, place
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

DELAYS = (1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0, 2_592_000.0)
"""Upper edges of the delay, from a second to 30 days."""
_PREDICTIONS, _KNOWN = 0, 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts, delays and rings at one moment."""

    matched: int
    expired: int
    orphans: int
    duplicates: int
    pending: int
    delays: BucketView
    rings: tuple[RingView, ...]


class GroundTruth:
    """Joins predictions and labels of one model, and counts how that goes.

    Figures are by model: an orphan has no version.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    windows
        The configured windows.
    wait
        Seconds for which a prediction waits for its label, and a label for its prediction.
    pending
        How many of each are remembered at most.
    replay
        Whether files are read once: nobody knows what is still to be read, hence all wait until
        the end, and what has waited in vain by then counts.
    slices
        Names of the slices that are remembered.
    """

    name: ClassVar[str] = "ground_truth"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        wait: float,
        pending: int,
        *,
        replay: bool,
        slices: Sequence[str] = (),
    ) -> None:
        self._labels = dict(labels)
        self._windows = tuple(windows)
        self._wait = wait
        self._most = pending
        self._replay = replay
        self._join = Join(windows, slices)
        self._matched = self._expired = self._orphans = self._duplicates = 0
        self._delays = Histogram(DELAYS)
        self._rings = [WindowRing(window, (2,), np.int64) for window in windows]
        self._now = -np.inf
        self._jumps: list[tuple[float, float]] = []
        self.joined: RecordBatch | None = None
        """Pairs that the last batch made complete."""

    def update(self, batch: RecordBatch) -> None:
        """Take in a batch as it was read; :attr:`joined` has the pairs that it made complete."""
        self.joined = None
        newest = float(batch.event_time.max(initial=-np.inf))
        self._now = max(self._now, newest) if self._replay else batch.received
        outcome = self._join.update(batch, self._now)
        batch.violations.update(outcome.violations)
        self._duplicates += outcome.duplicates
        self._orphans += outcome.orphans
        attempts = batch.attempt & ~batch.failed
        if attempts.any():
            known = np.where(batch.labelled, _KNOWN, -1)
            add_all(self._rings, batch.placements, np.where(attempts, _PREDICTIONS, -1))
            add_all(self._rings, batch.placements, known)
        if outcome.joined is not None:
            self._matched += len(outcome.joined)
            self._delays.observe(np.maximum(outcome.joined.event_time - outcome.predicted_at, 0.0))
            placements = place(self._windows, outcome.predicted_at, np.array([self._now]))
            add_all(self._rings, placements, np.full(len(outcome.joined), _KNOWN))
        self.expire(self._now)
        self.joined = outcome.joined

    def expire(self, now: float) -> bool:
        """Give up what has waited for too long at Unix time `now`; return whether anything has."""
        self._jumps = [(jump, until) for jump, until in self._jumps if now < until]
        before = now - self._wait - sum(jump for jump, _ in self._jumps)
        before = -np.inf if self._replay else before
        known = self._join.predictions.remembered + self._join.labels.remembered
        self._expired += self._join.predictions.drop(before, self._most)
        self._orphans += self._join.labels.drop(before, self._most)
        return self._join.predictions.remembered + self._join.labels.remembered < known

    def clock_set(self, jump: float) -> None:
        """Take in that the clock was set by some seconds: nothing has waited for longer.

        After as long as anything waits there is nothing left from before.
        """
        now = self._now + jump
        self._jumps = [(each, until + jump) for each, until in self._jumps]
        self._jumps.append((jump, now + self._wait))

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        late = self._join.predictions.older(self._now - self._wait) if self._replay else 0
        return Snapshot(
            self._matched,
            self._expired + late,
            self._orphans + (self._join.labels.unmet if self._replay else 0),
            self._duplicates,
            self._join.predictions.unmet - late,
            self._delays.view(),
            tuple(ring.view() for ring in self._rings),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters, the histogram and rolling gauges."""
        names, values = list(self._labels), list(self._labels.values())
        for name, text, count in (
            (
                "model_labels_matched",
                "Ground truth that found its prediction later.",
                snapshot.matched,
            ),
            (
                "model_labels_expired",
                "Predictions that waited in vain for ground truth.",
                snapshot.expired,
            ),
            (
                "model_labels_orphan",
                "Ground truth that came without its prediction.",
                snapshot.orphans,
            ),
            (
                "model_labels_duplicate",
                "Ground truth for what has one already.",
                snapshot.duplicates,
            ),
        ):
            counter = CounterMetricFamily(name, text, labels=names)
            counter.add_metric(values, count)
            yield counter
        pending = GaugeMetricFamily(
            "model_labels_pending", "Predictions that wait for ground truth.", labels=names
        )
        pending.add_metric(values, snapshot.pending)
        yield pending
        delay = HistogramMetricFamily(
            "model_label_delay_seconds",
            "Time from a prediction to its ground truth.",
            labels=names,
        )
        self._delays.add_to(delay, values, snapshot.delays)
        yield delay
        coverage = GaugeMetricFamily(
            "model_labels_coverage_ratio",
            "Share of the window's predictions whose ground truth is known.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            predictions, known = ring.total(now).tolist()
            if predictions:
                coverage.add_metric([*values, ring.window.name], known / predictions)
        yield coverage

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "matched": self._matched,
            "expired": self._expired,
            "orphans": self._orphans,
            "duplicates": self._duplicates,
            "now": self._now,
            "delays": self._delays.dump(),
            "rings": [ring.dump() for ring in self._rings],
            "join": self._join.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._matched, self._expired = int(state["matched"]), int(state["expired"])
        self._orphans, self._duplicates = int(state["orphans"]), int(state["duplicates"])
        self._now = float(state["now"])
        self._delays.load(state["delays"])
        load_rings(self._rings, state["rings"])
        self._join.load(state["join"])
