"""Sliding windows of variances: number, mean and squared deviations of what fell into each part.

Sums of squares lose every digit of a variance that is small beside the mean. Parts that hold their
mean and the squared deviations from it can be pooled without that: Chan, Golub and LeVeque,
Updating formulae and a pairwise algorithm for computing sample variances (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.placement import Placement, Runs
from exporter.records import Floats
from exporter.windows import SUBWINDOWS, RingView, Window, WindowRing

NUMBER, MEAN, DEVIATIONS = 0, 1, 2
_CELLS = 3


def pooled(parts: Floats, group: NDArray[np.integer], groups: int) -> Floats:
    """Pool parts to groups.

    Parameters
    ----------
    parts
        float64[parts, 3]: number of values, their mean, the sum of squared deviations from it.
    group
        int[parts], the group that each part belongs to.

    Returns
    -------
    float64[groups, 3], zeros for a group without values.
    """
    number, mean, deviations = parts.T
    total = np.bincount(group, number, groups)
    divisor = np.maximum(total, 1.0)
    # Any mean of the group is near enough to take differences from, so that these keep their
    # digits. A part without values has none.
    anchor = np.zeros(groups)
    filled = number > 0
    anchor[group[filled]] = mean[filled]
    shifted = np.where(filled, mean - anchor[group], 0.0)
    shift = np.bincount(group, number * shifted, groups) / divisor
    apart = number * (shifted - shift[group]) ** 2
    return np.column_stack((total, anchor + shift, np.bincount(group, deviations + apart, groups)))


class MomentRing(WindowRing):
    """Number, mean and squared deviations of the values in each sub-window of one window.

    Parameters
    ----------
    window
        The window.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window, (_CELLS,), np.float64)

    def pool_runs(self, runs: Runs, table: Floats) -> None:
        """Take in values by the runs that they belong to, float64[runs, 3] as of `pooled`."""
        if not runs.kept.size:
            return
        outside = self._admit(runs)
        subwindow, parts = runs.subwindow[runs.kept], table[runs.kept]
        inside = (subwindow > outside) & (parts[:, NUMBER] > 0)
        slots, group = np.unique(subwindow[inside] % SUBWINDOWS, return_inverse=True)
        parts = np.concatenate((self._values[slots], parts[inside]))
        group = np.concatenate((np.arange(len(slots)), group))
        self._values[slots] = pooled(parts, group, len(slots))

    def _combined(self, mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
        slots = len(mine)
        return pooled(np.concatenate((mine, theirs)), np.tile(np.arange(slots), 2), slots)


def pool_all(rings: Sequence[MomentRing], placements: Sequence[Placement], values: Floats) -> None:
    """Take float64[n] values, finite, one for each placed record, into the rings of all windows."""
    if not placements:
        return
    parts = np.column_stack((np.ones(len(values)), values, np.zeros(len(values))))
    table = pooled(parts, placements[0].run, len(placements[0].runs.late))
    for ring, placement in zip(rings, placements, strict=True):
        ring.pool_runs(placement.runs, table)


def over_window(view: RingView, now: float) -> tuple[float, float, float]:
    """Return number, mean and squared deviations of all values in the window at `now`."""
    parts = view.values[view.live(now)]
    number, mean, deviations = pooled(parts, np.zeros(len(parts), dtype=np.int64), 1)[0].tolist()
    return number, mean, deviations
