"""Which p-values are shown, so that about as many lines are as were asked for, day after day.

The level follows its own errors, as in adaptive conformal inference (Gibbs and Candès 2021,
"Adaptive Conformal Inference Under Distribution Shift") by steps on the scale of its logarithm: it
rises with each line that is not shown and falls with each that is,

    ln a(t+1) = ln a(t) + gamma (alpha - [p(t) <= a(t)])

within a tenth and ten times alpha. On a bad day that hides, on a quiet one it shows more than
alarms: counters and alerts go by alpha itself.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

GAMMA = 0.1
"""A line that is shown lowers the level by a tenth, about."""
FARTHEST = 10.0


class DisplayLevel:
    """The level of one source.

    Parameters
    ----------
    alpha
        Share of lines to be shown.
    """

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha
        self._log = 0.0
        """ln a / alpha, after the last line."""

    @property
    def level(self) -> float:
        """The p-value up to which the next line is shown."""
        return self._alpha * exp(self._log)

    def shown(self, pvalues: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return bool[n], which of some lines are shown, one after the other."""
        most = log(FARTHEST)
        rise = GAMMA * self._alpha
        shown = np.zeros(len(pvalues), dtype=bool)
        done = 0
        # Others can't be shown, whatever the level is.
        for row in np.flatnonzero(pvalues <= self._alpha * FARTHEST).tolist():
            self._log = min(self._log + rise * (row - done), most)
            done = row
            if pvalues[row] <= self.level:
                shown[row] = True
                self._log = max(self._log - GAMMA, -most)
        self._log = min(self._log + rise * (len(pvalues) - done), most)
        return shown

    def dump(self) -> float:
        """Return the state for storage."""
        return self._log

    def load(self, state: float) -> None:
        """Restore what :meth:`dump` returned."""
        self._log = float(state)
