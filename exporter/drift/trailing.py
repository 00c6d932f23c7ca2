"""A reference that moves on: what was counted in the period that ended some time ago."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exporter.config.reference import Trailing
from exporter.drift import autocorrelation
from exporter.drift.columns import NumericColumn
from exporter.drift.comparison import Comparison
from exporter.drift.expected import Expected
from exporter.drift.observations import cells
from exporter.drift.reference import Reference
from exporter.placement import add_side_by_side, place
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import SUBWINDOWS, RingView, Window, WindowRing

_ROUNDING = 3
"""Parts that are begun or ended within what is looked back at, beyond its length."""

_MOST_CATEGORIES = 10

Past = tuple[RingView, float]
"""What was counted, and from which Unix time on."""


class TrailingCounts:
    """Counts the predictions of all versions at the cells of a reference, in parts of the period.

    The cells are frozen, the counts are not. They are added up over whole parts that ended in time,
    so that what is compared with a window never overlaps with it, nor with what holding looks at.

    Parameters
    ----------
    reference
        Whose cells these are.
    comparisons
        Its columns that are tested.
    settings
        How long the period is, and how long ago it ended.
    longest
        Seconds of the longest window.
    replay
        Whether "now" is the latest event.
    """

    def __init__(
        self,
        reference: Reference,
        comparisons: Sequence[Comparison],
        settings: Trailing,
        longest: float,
        *,
        replay: bool,
    ) -> None:
        self._comparisons = tuple(comparisons)
        self._settings = settings
        self._replay = replay
        self._sizes = [len(one.column.counts) for one in comparisons]
        self._ends = np.cumsum(self._sizes)
        self._taus = np.array([one.tau for one in comparisons])
        names = [one.column.name for one in comparisons]
        self._identity = [reference.digest, *names]
        looked_back = settings.seconds + _lag(settings, longest)
        width = looked_back / (SUBWINDOWS - _ROUNDING)
        self._ring = WindowRing(
            Window("trailing", width * SUBWINDOWS), (sum(self._sizes),), np.int32
        )
        self._since = math.inf
        self._latest = -math.inf
        self._kept: dict[float, tuple[tuple[int, int, bool], list[Any], Expected]] = {}

    def add(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not self._comparisons or not predictions.any():
            return
        self._latest = max(self._latest, float(batch.event_time.max()))
        now = self._latest if self._replay else batch.received
        (placement,) = place((self._ring.window,), batch.event_time, np.array([now]))
        kept = predictions & ~placement.late
        if not kept.any():
            return
        first = int(placement.subwindow[kept].min())
        self._since = min(self._since, first * self._ring.window.width)
        columns = (np.where(predictions, cells(batch, one.column), -1) for one in self._comparisons)
        add_side_by_side([self._ring], [placement], columns, self._sizes)

    def view(self) -> Past:
        """Return an immutable copy."""
        return self._ring.view(), self._since

    def expected(self, past: Past, window: float, now: float, steps: int) -> Expected:
        """Return what windows that end at `now`, and up to their length before, are compared with.

        Parameters
        ----------
        past
            What :meth:`view` returned.
        window
            Seconds of the windows.
        steps
            How many of them end before.
        """
        view, since = past
        width = view.window.width
        last = math.floor((now - _lag(self._settings, window)) / width)
        first = last - math.ceil(self._settings.seconds / width)
        used = np.flatnonzero((view.epoch >= max(first, 0)) & (view.epoch < last))
        used = used[np.argsort(view.epoch[used])]
        slots = [view.slots[slot] for slot in used.tolist()]
        found = self._looked_up(window, (first, last, since <= first * width), slots)
        counts = np.broadcast_to(found.counts, (steps + 1, found.counts.shape[1]))
        return Expected(counts, taus=found.taus, complete=found.complete)

    def _looked_up(
        self, window: float, period: tuple[int, int, bool], slots: list[Any]
    ) -> Expected:
        """Return what the parts add up to, which scrapes ask for again and again."""
        kept = self._kept.get(window)
        # Those that did not change are the same objects.
        if kept is not None and kept[0] == period and list(map(id, kept[1])) == [*map(id, slots)]:
            return kept[2]
        found = self._added_up(slots, complete=period[2])
        self._kept[window] = (period, slots, found)
        return found

    def _added_up(self, slots: Sequence[Any], *, complete: bool) -> Expected:
        table = np.zeros((len(slots), sum(self._sizes)))
        for row, slot in enumerate(slots):
            table[row] = slot
        counts = table.sum(axis=0) if complete else np.zeros(table.shape[1])
        parts = np.split(table, self._ends[:-1], axis=1) if complete else []
        taus = self._taus.copy()
        for at, part in enumerate(parts):
            taus[at] = max(taus[at], tau_of_parts(part, self._comparisons[at]))
        return Expected(counts[None], taus=taus, complete=complete)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "columns": self._identity,
            "since": self._since,
            "latest": self._latest,
            "ring": self._ring.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the state was counted at other cells, or in parts of another length.
        """
        if state["columns"] != self._identity:
            raise ValueError("the reference or the tested columns have changed")
        self._ring.load(state["ring"])
        self._since, self._latest = state["since"], state["latest"]

    def merge(self, other: TrailingCounts) -> None:
        """Add the counts of another one of the same reference, columns and settings.

        Raises
        ------
        ValueError
            If these differ.
        """
        if self._identity != other._identity:
            raise ValueError("can't merge counts at different cells")
        self._ring.merge(other._ring)
        self._since = min(self._since, other._since)
        self._latest = max(self._latest, other._latest)


def _lag(settings: Trailing, window: float) -> float:
    """Return how long before "now" the period has to end, in seconds.

    That of `delay`, or two windows: drift is held for the length of a window, so that the first one
    looked at begins two lengths ago.
    """
    return max(settings.delay, 2.0 * window)


def tau_of_parts(table: Floats, comparison: Comparison) -> float:
    """Return the autocorrelation time that the parts of a period show, at least 1.

    Days that differ make values resemble those of their own day, which the first predictions, from
    which the column's own autocorrelation time is, may not have known. See
    :func:`autocorrelation.of_sums`.

    Parameters
    ----------
    table
        float64[parts, cells], counts in the order of time.
    """
    table = table[table.sum(axis=1) > 0]
    counts = table.sum(axis=0)
    if len(table) < 2 or np.count_nonzero(counts) < 2:
        return 1.0
    shares = counts / counts.sum()
    if isinstance(comparison.column, NumericColumn):
        below = np.cumsum(shares)
        middle = int(np.abs(below - 0.5).argmin())
        tau = _tau(table, np.arange(len(counts)) <= middle)
        if comparison.test.adds_up:
            tau = max(tau, _tau(table, below - shares / 2))
        return tau
    chosen = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
    chosen = chosen[counts[chosen] > 0]
    found = [_tau(table, np.arange(len(counts)) == cell) for cell in chosen.tolist()]
    return float(np.average(found, weights=1.0 - shares[chosen]))


def _tau(table: Floats, scores: Floats | Mask) -> float:
    numbers = table.sum(axis=1)
    total = float(numbers.sum())
    mean = float(table.sum(axis=0) @ scores) / total
    centred = np.asarray(scores, dtype=np.float64) - mean
    # A part is compared with a mean that it has a share in itself, which is taken off.
    sums = (table @ centred) / np.sqrt(1.0 - numbers / total)
    squares = float(table.sum(axis=0) @ centred**2)
    return autocorrelation.of_sums(sums, squares)
