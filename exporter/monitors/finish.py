"""Why answers end: complete, cut off at the limit of tokens, or filtered."""

from __future__ import annotations

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
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

REASONS = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts by reason, and the rings, at one moment."""

    reasons: list[tuple[int, str]]
    finished: NDArray[np.int64]
    rings: tuple[RingView, ...]


class Finish:
    """Counts answers by the logged reason of their end; reasons beyond the first 20 are ``other``.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new reasons.
    """

    name: ClassVar[str] = "finish"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], budget: Budget
    ) -> None:
        self._labels = dict(labels)
        self._reasons = LabelValues(
            REASONS, grant=lambda: budget.claim("model_finish_total", 1 + len(windows))
        )
        self._finished = np.zeros(REASONS + 1, dtype=np.int64)
        self._rings = [WindowRing(window, (REASONS + 1,), np.int64) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        logged = batch.classes.get("finish_reason")
        if logged is None:
            return
        cells = self._reasons.encode(logged.where(batch.attempt))
        counted = add_all(self._rings, batch.placements, cells)
        self._finished[: len(counted)] += counted

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._reasons.numbered(),
            self._finished.copy(),
            tuple(ring.view() for ring in self._rings),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the counter and the rolling share of each reason."""
        names, values = list(self._labels), list(self._labels.values())
        finished = CounterMetricFamily(
            "model_finish", "Answers by the reason of their end.", labels=[*names, "reason"]
        )
        share = GaugeMetricFamily(
            "model_finish_share_ratio",
            "Share of the reason among the window's answers that log one.",
            labels=[*names, "window", "reason"],
        )
        known = GaugeMetricFamily(
            "model_window_finish_reasons",
            "Answers of the window that log why they ended.",
            labels=[*names, "window"],
        )
        for position, reason in snapshot.reasons:
            finished.add_metric([*values, reason], int(snapshot.finished[position]))
        for ring in snapshot.rings:
            counts = ring.total(now)
            total = int(counts.sum())
            if not total:
                continue
            at = [*values, ring.window.name]
            known.add_metric(at, total)
            for position, reason in snapshot.reasons:
                share.add_metric([*at, reason], int(counts[position]) / total)
        yield from (finished, known, share)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "reasons": self._reasons.dump(),
            "finished": self._finished.copy(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._reasons.load(**state["reasons"])
        self._finished[:] = state["finished"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: Finish) -> None:
        """Add the state of a monitor with the same windows."""
        cells = self._reasons.merge(other._reasons)
        np.add.at(self._finished, cells, other._finished)
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs.rearranged(cells))
