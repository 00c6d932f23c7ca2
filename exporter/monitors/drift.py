"""Drift: windows of predictions compared with the reference, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric

from exporter.config import DriftSettings
from exporter.drift.comparison import select
from exporter.drift.dissimilarity import Dissimilarity
from exporter.drift.expected import Expected
from exporter.drift.family import Results, TestFamily
from exporter.drift.observations import cells
from exporter.drift.reference import Reference
from exporter.drift.seasonal.windows import SeasonalWindows
from exporter.drift.trailing import Past, TrailingCounts
from exporter.monitors.charts import Shape
from exporter.monitors.coarse_shape import shape
from exporter.monitors.drift_gauges import DriftGauges
from exporter.placement import add_side_by_side
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

View = tuple[tuple[RingView, ...], Past | None]
"""The windows' counts, and those that they are compared with, if these move on."""

HOLD_STEPS = 20
"""Windows that are looked at, one after the other, in the length of one."""


class Drift:
    """Counts each window at the cells of the reference, and tests the counts when it is scraped.

    The cells of all columns lie side by side in one ring a window, so that the cost of a batch
    hardly depends on the number of windows. The rings reach back for two windows: drift is what
    every window of the last window's length shows, which needs no memory of earlier looks.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    windows
        The configured windows, in the order of a batch's placements.
    settings
        The model's section `drift`.
    reference
        What `settings.reference` holds.
    trailing
        What windows are compared with in its place, at its cells.

    Raises
    ------
    UsageError
        If the settings do not fit the reference.
    """

    name: ClassVar[str] = "drift"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        settings: DriftSettings,
        reference: Reference,
        trailing: TrailingCounts | None = None,
    ) -> None:
        self._trailing = trailing
        self._labels = dict(labels)
        self._settings = settings
        self._reference = reference
        self._comparisons = select(settings, reference)
        self._sizes = [len(comparison.column.counts) for comparison in self._comparisons]
        self._family = TestFamily(self._comparisons, settings.correction, settings.min_samples)
        self._dissimilarity = Dissimilarity(
            [comparison.column for comparison in self._comparisons],
            settings.distances,
            [comparison.tau_share for comparison in self._comparisons],
        )
        self._seasons = (
            None
            if reference.seasonal is None
            else SeasonalWindows(reference.seasonal, self._comparisons, self._family.samples)
        )
        self._windows = tuple(windows)
        self._rings = [
            WindowRing(Window(window.name, 2 * window.seconds), (self._family.cells,), np.int32)
            for window in windows
        ]
        self._views: View | None = None

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not predictions.any() or not self._comparisons:
            return
        columns = (cells(batch, comparison.column) for comparison in self._comparisons)
        if not predictions.all():
            columns = (np.where(predictions, column, -1) for column in columns)
        placements = [placement.doubled for placement in batch.placements]
        add_side_by_side(self._rings, placements, columns, self._sizes)
        self._views = None

    def snapshot(self) -> View:
        """Return the windows' counts; the same object until the next update."""
        if self._views is None:
            past = None if self._trailing is None else self._trailing.view()
            self._views = tuple(ring.view() for ring in self._rings), past
        return self._views

    def families(self, snapshot: View, now: float) -> Iterable[Metric]:
        """Test every window as it stands at `now` and yield the results."""
        gauges = DriftGauges(self._labels, self._comparisons)
        windows, past = snapshot
        for window, view in zip(self._windows, windows, strict=True):
            if self._comparisons:
                counts, expected, results = self._tested(view, past, now, 0)
                detected = self._detected(results, view, past, now)
                complete = expected is None or expected.complete
                gauges.add(window.name, results, detected, complete=complete)
                tested = np.flatnonzero(results.tested[0])
                against = () if expected is None else (expected.counts[0], expected.taus)
                measured = self._dissimilarity.measure(counts[0], tested.tolist(), *against)
                gauges.add_distances(window.name, tested.tolist(), measured)
                if expected is not None:
                    gauges.add_reference(window.name, results, expected)
        yield from gauges

    def shapes(self, snapshot: View, now: float) -> Iterator[Shape]:
        """Yield how the values of each column lie in the last window and in the reference."""
        windows, past = snapshot
        for window, view in zip(self._windows, windows, strict=True):
            if not self._comparisons:
                continue
            expected = self._expected(view, past, now, 0)
            counts = view.halves(now, 0)[0]
            begin = 0
            for comparison, size in zip(self._comparisons, self._sizes, strict=True):
                own = slice(begin, begin + size)
                begin += size
                column = comparison.column
                reference = column.counts if expected is None else expected.counts[0][own]
                yield shape(self._labels, window.name, column, reference, counts[own])

    def _tested(
        self, view: RingView, past: Past | None, now: float, steps: int
    ) -> tuple[Floats, Expected | None, Results]:
        """Return the counts of windows, what they are compared with, and what that says."""
        counts = view.halves(now, steps)
        expected = self._expected(view, past, now, steps)
        if expected is None:
            return counts, None, self._family.test(counts)
        return counts, expected, self._family.test(counts, expected.counts, expected.taus)

    def _detected(self, results: Results, view: RingView, past: Past | None, now: float) -> Mask:
        """Return bool[columns], drift is there, and has been for as long as the window."""
        detected: Mask = self._differs(results)[0]
        if self._settings.hold and detected.any():
            before = self._tested(view, past, now, HOLD_STEPS)[2]
            detected = np.logical_and.reduce(self._differs(before))
        return detected

    def _expected(
        self, view: RingView, past: Past | None, now: float, steps: int
    ) -> Expected | None:
        """Return what windows are compared with, ``None`` if all with the reference as it is."""
        if self._trailing is not None and past is not None:
            return self._trailing.expected(past, view.window.seconds / 2, now, steps)
        return None if self._seasons is None else self._seasons.expected(view, now, steps)

    def _differs(self, results: Results) -> Mask:
        """Return bool[windows, columns], the difference is significant, and large enough to matter.

        With many records significance alone finds differences that matter to nobody.
        """
        significant: Mask = results.adjusted <= self._settings.alpha
        large: Mask = results.effect >= self._settings.min_effect
        return significant & large

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "columns": self._identity(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the state was counted at other cells.
        """
        if state["columns"] != self._identity():
            raise ValueError("the reference or the tested columns have changed")
        load_rings(self._rings, state["rings"])
        self._views = None

    def merge(self, other: Drift) -> None:
        """Add the counts of another monitor of the same reference, columns and windows.

        Raises
        ------
        ValueError
            If these differ.
        """
        if self._identity() != other._identity():
            raise ValueError("can't merge counts at different cells")
        for ring, theirs in zip(self._rings, other._rings, strict=True):
            ring.merge(theirs)
        self._views = None

    def _identity(self) -> list[str]:
        """Return what fixes the meaning of every cell."""
        names = [comparison.column.name for comparison in self._comparisons]
        return [self._reference.digest, *names]
