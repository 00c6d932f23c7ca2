"""How often a model is right that is so sure: learned from a reference, applied without labels.

Confidence-based performance estimation: the accuracy to expect of predictions is the mean of their
calibrated confidence (Guillory et al. 2021, Predicting with Confidence on Unseen Distributions;
NannyML calls it CBPE). It sees a change of the inputs, which shows in the confidence. It can't see
that the world answers otherwise than before for the same inputs (concept drift): for that its
distance from the realised accuracy is the sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.monitors.wilson import Z_95
from exporter.records import Floats, RecordBatch

STEPS = 200
CELLS = STEPS + 1
"""Around each multiple of .005 of the confidence one."""
LEAST = 300
"""Of fewer labelled predictions no curve is made."""

Counts = NDArray[np.int64]


def cells_of(confidence: Floats) -> Counts:
    """Return int64[n], the cell of each confidence, none of them NaN."""
    return np.rint(confidence * STEPS).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Labelled predictions of a reference by confidence, and how many of them were right.

    Attributes
    ----------
    predictions, right
        int64[CELLS].
    """

    predictions: Counts
    right: Counts

    @classmethod
    def none(cls) -> Reliability:
        """Return the counts of nothing."""
        return cls(np.zeros(CELLS, dtype=np.int64), np.zeros(CELLS, dtype=np.int64))

    @classmethod
    def of(cls, batch: RecordBatch) -> Reliability:
        """Return the counts of a batch."""
        judged = batch.labelled & (batch.label.codes >= 0) & ~np.isnan(batch.confidence)
        cells = cells_of(batch.confidence[judged])
        right = cells[batch.right[judged]]
        return cls(np.bincount(cells, minlength=CELLS), np.bincount(right, minlength=CELLS))

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(self.predictions + other.predictions, self.right + other.right)

    @property
    def enough(self) -> bool:
        """Whether a curve can be made of it."""
        return int(self.predictions.sum()) >= LEAST

    @cached_property
    def curve(self) -> Curve:
        """The share of right ones by confidence: never falling, between cells in a line.

        Isotonic regression by pooling adjacent violators (Barlow et al. 1972), as Zadrozny and
        Elkan (2002) calibrate with it.
        """
        # scipy takes longer to import than the rest of the program.
        from scipy.optimize import isotonic_regression  # noqa: PLC0415

        known = np.flatnonzero(self.predictions)
        number = self.predictions[known].astype(np.float64)
        fitted = isotonic_regression(self.right[known] / number, weights=number)
        everywhere = np.arange(CELLS)
        # Cells that the reference does not have lie in the block of the nearest one it has.
        blocks = np.repeat(np.arange(len(fitted.blocks) - 1), np.diff(fitted.blocks))
        nearest = np.abs(everywhere[:, None] - known[None, :]).argmin(axis=1)
        size = np.bincount(blocks, number)
        right = np.bincount(blocks, self.right[known])
        # Half a record either way, so that a block of nothing but right ones is not certain.
        smoothed = (right + 0.5) / (size + 1)
        return Curve(
            probability=np.interp(everywhere, known, fitted.x),
            block=blocks[nearest],
            variance=smoothed * (1 - smoothed) / size,
        )


@dataclass(frozen=True, eq=False)
class Curve:
    """A calibration curve.

    Attributes
    ----------
    probability
        float64[CELLS], of being right.
    block
        int64[CELLS], of the cells that were pooled to one figure.
    variance
        float64[blocks], of that figure, as the reference is finite.
    """

    probability: Floats
    block: NDArray[np.intp]
    variance: Floats

    def estimate(self, counts: NDArray[np.integer[Any]]) -> tuple[float, float, float]:
        """Return the expected accuracy of predictions, and the ends of its 95 percent band.

        The band is for the realised accuracy of these predictions: it covers that they are few
        (sum of p (1 - p) / n^2) and that the curve was learned from a finite reference.

        Parameters
        ----------
        counts
            int[CELLS], predictions by confidence, at least one.
        """
        number = int(counts.sum())
        p = self.probability
        mean = float(counts @ p) / number
        share = np.bincount(self.block, counts, minlength=len(self.variance)) / number
        variance = float(counts @ (p * (1 - p))) / number**2 + float(share**2 @ self.variance)
        half = Z_95 * math.sqrt(variance)
        return mean, max(0.0, mean - half), min(1.0, mean + half)
