"""Rings of windows, compared with the same hours of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from exporter.drift.comparison import Comparison
from exporter.drift.expected import Expected
from exporter.drift.seasonal.mixture import Mixture, season_shares
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.records import Floats
from exporter.windows import RingView


class SeasonalWindows:
    """Says what windows expect, from the times of their sub-windows.

    Parameters
    ----------
    reference
        By season.
    comparisons
        Columns of it; the cells of each lie behind those of the one before.
    samples
        Returns [columns], the values of each column, of [cells].
    """

    def __init__(
        self,
        reference: SeasonalReference,
        comparisons: Sequence[Comparison],
        samples: Callable[[Floats], Floats],
    ) -> None:
        self._reference = reference
        self._samples = samples
        tables = [reference.columns[one.column.name].counts for one in comparisons]
        self._mixture = Mixture(reference.season, tables, [one.tau for one in comparisons])

    def expected(self, view: RingView, now: float, steps: int) -> Expected:
        """Return what the windows of :meth:`RingView.halves` expect."""
        inside, used = view.half_windows(now, steps)
        width = view.window.width
        shares = season_shares(
            self._reference, (view.epoch[used] * width).astype(np.float64), width
        )
        samples = [self._samples(view.slots[slot].astype(np.float64)) for slot in used.tolist()]
        # float64[columns, slots]; of no slot there are still columns.
        held = np.column_stack([self._samples(np.zeros(view.shape)), *samples])[:, 1:]
        # One after the other: of many columns all at once would take a lot of memory.
        found = [
            self._mixture.expected(((held * chosen) @ shares)[None])
            for chosen in inside.astype(np.float64)
        ]
        return Expected(
            np.concatenate([one.counts for one in found]),
            np.concatenate([one.own for one in found]),
        )
