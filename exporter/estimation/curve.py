"""A calibration curve, and how far it may be off as its reference is finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats, Mask

STEPS = 200
CELLS = STEPS + 1
"""Around each multiple of .005 of the score one."""
DRAWS = 200
"""Curves of references drawn anew."""
_SEED = 20211201
_NEAR = 5
_SUPPORT = 30
"""Predictions that the reference must have within :data:`_NEAR` cells."""
_PARTS = 20


@dataclass(frozen=True, eq=False)
class Curve:
    """A calibration curve.

    Attributes
    ----------
    probability
        float64[CELLS].
    smoothed
        float64[CELLS], the same with half a record either way in each block of equal figures, so
        that one of nothing but right ones is not certain.
    draws
        float64[DRAWS, CELLS], curves of references that were drawn anew.
    supported
        bool[CELLS], whether the reference tells anything of the cell.
    part
        int64[CELLS], parts of the reference of about equal size, in order of the score.
    shares
        float64[parts], their shares.
    """

    probability: Floats
    smoothed: Floats
    draws: Floats
    supported: Mask
    part: NDArray[np.int64]
    shares: Floats

    @classmethod
    def fit(cls, number: NDArray[np.int64], hits: NDArray[np.int64]) -> Curve:
        """Return the curve of int64[CELLS] predictions, of which some came true.

        Isotonic regression by pooling adjacent violators (Barlow et al. 1972), as Zadrozny and
        Elkan (2002) calibrate with it; between the cells of the reference in a line. The draws are
        binomial (Efron 1979, Bootstrap methods): each cell with its own rate, to which one record
        like its block is added, and half a record either way to each block, since of what was
        always right none would ever differ.
        """
        # scipy takes longer to import than the rest of the program.
        from scipy.optimize import isotonic_regression  # noqa: PLC0415

        known = np.flatnonzero(number)
        weight = number[known].astype(np.float64)
        fitted = isotonic_regression(hits[known] / weight, weights=weight)
        block = np.repeat(np.arange(len(fitted.blocks) - 1), np.diff(fitted.blocks))
        size = np.bincount(block, weight)
        own = (hits[known] + fitted.x) / (weight + 1)
        own, smoothed = ((rate * size[block] + 0.5) / (size[block] + 1) for rate in (own, fitted.x))
        drawn = np.random.default_rng(_SEED).binomial(number[known], own, (DRAWS, len(known)))
        everywhere = np.arange(CELLS)
        draws = [
            np.interp(everywhere, known, isotonic_regression(one / weight, weights=weight).x)
            for one in drawn
        ]
        near = np.convolve(number, np.ones(2 * _NEAR + 1, dtype=np.int64), mode="same")
        middle = np.cumsum(number) - number / 2
        part = np.minimum(middle * _PARTS // number.sum(), _PARTS - 1).astype(np.int64)
        return cls(
            probability=np.interp(everywhere, known, fitted.x),
            smoothed=np.interp(everywhere, known, smoothed),
            draws=np.stack(draws),
            supported=near >= _SUPPORT,
            part=part,
            shares=np.bincount(part, number, _PARTS) / number.sum(),
        )

    def distance(self, number: NDArray[np.integer[Any]]) -> float:
        """Return how far int[CELLS] predictions are from those of the reference, 0 to 1.

        The total variation of the shares of its parts.
        """
        shares = np.bincount(self.part, number, _PARTS) / number.sum()
        return float(np.abs(shares - self.shares).sum()) / 2
