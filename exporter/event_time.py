"""The time of a record: its own, or that of reading; and where that falls in each window.

A record's own `timestamp` decides. Where it is absent, or more than a minute ahead of the clock,
the time of first reading is used, and the substitution is counted. Records older than a window
count in no rolling figure of that window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exporter.placement import place
from exporter.records import Batch, RecordBatch
from exporter.windows import Window

MAX_AHEAD_SECONDS = 60.0


class EventTime:
    """Places batches in windows.

    Parameters
    ----------
    windows
        The configured windows.
    replay
        ``False``: "now" is the time of reading, as the exporter runs. ``True``: "now" is the
        latest event so far, as a file is read once from end to end; the time of the clock is
        used only where no event of the first batch has a time.
    """

    def __init__(self, windows: Sequence[Window], *, replay: bool) -> None:
        self._windows = tuple(windows)
        self._replay = replay
        self.latest = -np.inf
        """Unix seconds of the latest event seen, -inf before the first."""

    @property
    def windows_end(self) -> float | None:
        """Unix seconds at which the windows end in a replay; ``None`` before the first event."""
        return self.latest if np.isfinite(self.latest) else None

    def place(self, batch: Batch) -> Batch:
        """Return the batch with `event_time` and `placements`.

        Records whose time was replaced are counted among the batch's violations, where it has
        them: ("timestamp", "missing") and ("timestamp", "ahead").
        """
        timestamp = batch.timestamp
        absent = np.isnan(timestamp)
        ahead = timestamp > batch.received + MAX_AHEAD_SECONDS
        replaced = absent | ahead
        if self._replay:
            # The running maximum, so that the size of a batch changes nothing.
            known = np.where(replaced, -np.inf, timestamp)
            now = np.maximum(np.maximum.accumulate(known), self.latest)
            # Records before the first that has a time go with it; without any, the clock decides.
            first = known[np.argmax(np.isfinite(known))] if len(batch) else -np.inf
            start = first if np.isfinite(first) else batch.received
            now = np.where(np.isfinite(now), now, start)
            reading_time = now
        else:
            now = reading_time = np.array([batch.received])
        event_time = np.where(replaced, reading_time, timestamp)
        self.latest = float(event_time.max(initial=self.latest))
        placements = place(self._windows, event_time, now)
        placed = replace(batch, event_time=event_time, placements=placements)
        if isinstance(placed, RecordBatch):
            # Ground truth may come without a time of its own.
            missing = absent & placed.attempt
            placed.violations["timestamp", "missing"] += int(missing.sum())
            placed.violations["timestamp", "ahead"] += int(ahead.sum())
        return placed
