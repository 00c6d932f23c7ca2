"""Changes in how sure a model is, and in how often it errs, with no reference and no window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.drift.sequential.adwin import Adwin
from exporter.records import Floats, Mask, RecordBatch

CONFIDENCE, ERROR = "confidence", "error"
_BLOCKS = {CONFIDENCE: 256, ERROR: 512}
"""Whether a model errs says little: it takes thousands to find a change, and no haste."""


@dataclass(slots=True)
class _Stream:
    """Numbers from 0 to 1 in the order of their arrival."""

    adwin: Adwin
    changed: float = 0.0

    def add(self, values: Floats, times: Floats) -> None:
        before, changes = self.adwin.seen, self.adwin.changes
        self.adwin.add(values)
        if self.adwin.changes > changes:
            self.changed = float(times[max(0, self.adwin.changed_at - 1 - before)])


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a stream at one moment.

    Attributes
    ----------
    changes
        How many were found.
    changed
        Unix seconds of the record that made the last one certain.
    recent
        How many of the last values have the same mean, by all that is known.
    mean
        That mean; ``None`` of too few.
    """

    changes: int
    changed: float
    recent: int
    mean: float | None


class Changes:
    """Detects that the mean of a stream has changed: the order of records matters.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    """

    name: ClassVar[str] = "changes"

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._streams = {name: _Stream(Adwin(block=block)) for name, block in _BLOCKS.items()}

    def update(self, batch: RecordBatch) -> None:
        """Take in a batch in its order."""
        sure = batch.attempt & ~batch.failed & ~np.isnan(batch.confidence)
        if sure.any():
            self._add(CONFIDENCE, batch.confidence, batch, sure)
        judged = batch.labelled & (batch.label.codes >= 0)
        if judged.any():
            self._add(ERROR, (~batch.right).astype(np.float64), batch, judged)

    def _add(self, name: str, values: Floats, batch: RecordBatch, rows: Mask) -> None:
        every = bool(rows.all())
        times = batch.event_time
        self._streams[name].add(*((values, times) if every else (values[rows], times[rows])))

    def snapshot(self) -> dict[str, Seen]:
        """Return what is known of each stream that has values."""
        return {
            name: Seen(stream.adwin.changes, stream.changed, stream.adwin.n, stream.adwin.mean)
            for name, stream in self._streams.items()
            if stream.adwin.seen
        }

    def families(self, snapshot: Mapping[str, Seen], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield how often and when the streams changed, and their mean since."""
        names, values = [*self._labels, "stream"], list(self._labels.values())
        changes = CounterMetricFamily(
            "model_changes", "Changes of the stream's mean that were found.", labels=names
        )
        changed = GaugeMetricFamily(
            "model_change_timestamp_seconds",
            "Time of the record by which the last change became certain.",
            labels=names,
        )
        recent = GaugeMetricFamily(
            "model_change_recent_values",
            "How many of the stream's last values there are since it changed, as far as can be "
            "told.",
            labels=names,
        )
        mean = GaugeMetricFamily("model_change_recent_mean", "Mean of these values.", labels=names)
        for name, seen in snapshot.items():
            series = [*values, name]
            changes.add_metric(series, seen.changes)
            recent.add_metric(series, seen.recent)
            if seen.changes:
                changed.add_metric(series, seen.changed)
            if seen.mean is not None:
                mean.add_metric(series, seen.mean)
        yield from (changes, changed, recent, mean)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            name: {"changed": stream.changed, "adwin": stream.adwin.dump()}
            for name, stream in self._streams.items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        for name, stream in self._streams.items():
            stream.changed = float(state[name]["changed"])
            stream.adwin.load(state[name]["adwin"])
