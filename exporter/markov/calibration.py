"""From scores to p-values: how many of the lines before scored as high.

The p-value of a score is the share of earlier lines of its source that scored at least as much,
(1 + k) / (1 + n) with the line itself among them, so that it is one for lines in any order
(a conformal p-value: Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005, 2.2).
Earlier lines fade, by half over :data:`HALF_LIFE` lines, since what is usual changes with the
days. An alarm is p <= alpha; with less than 1 / alpha lines there can be none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALF_LIFE = 20_000
"""Lines. Longer ones follow a change of habits too late, see docs/syslog-anomalies.md."""
BLOCK = 1024
"""Lines that are compared with the same histogram, which then takes them in."""
_LOWEST, _HIGHEST, _WIDTH = -30.0, 70.0, 0.1
_BINS = int((_HIGHEST - _LOWEST) / _WIDTH)


class Calibration:
    """The distribution of the scores of a source.

    Parameters
    ----------
    half_life
        Lines after which a line counts half.
    """

    def __init__(self, half_life: float = HALF_LIFE) -> None:
        self._fading = 0.5 ** (BLOCK / half_life)
        # Counts in each bin, and of the block that is not part of them yet.
        self._counts = np.zeros(_BINS)
        self._block = np.zeros(_BINS)
        self._in_block = 0
        self._tail = np.zeros(_BINS + 1)

    @property
    def lines(self) -> float:
        """Lines that scores are compared with, as far as they still count."""
        return float(self._tail[0])

    def pvalues(self, scores: Floats) -> Floats:
        """Return float64[n], the p-values of scores in their order, and take them in."""
        found = np.empty(len(scores))
        bins = np.clip((scores - _LOWEST) / _WIDTH, 0, _BINS - 1).astype(np.intp)
        begin = 0
        while begin < len(scores):
            end = min(len(scores), begin + BLOCK - self._in_block)
            piece = bins[begin:end]
            found[begin:end] = (1 + self._tail[piece]) / (1 + self._tail[0])
            self._block += np.bincount(piece, minlength=_BINS)
            self._in_block += end - begin
            if self._in_block == BLOCK:
                self._take_in()
            begin = end
        return found

    def _take_in(self) -> None:
        self._counts = self._counts * self._fading + self._block
        self._block[:] = 0
        self._in_block = 0
        self._tail[:-1] = np.cumsum(self._counts[::-1])[::-1]

    def merge(self, other: Calibration) -> None:
        """Add the scores of another source."""
        self._counts += other._counts + other._block
        self._tail[:-1] = np.cumsum(self._counts[::-1])[::-1]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"counts": self._counts.copy(), "block": self._block.copy(), "in": self._in_block}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._counts = np.array(state["counts"], dtype=np.float64)
        self._block = np.array(state["block"], dtype=np.float64)
        self._in_block = int(state["in"])
        self._tail[:-1] = np.cumsum(self._counts[::-1])[::-1]
