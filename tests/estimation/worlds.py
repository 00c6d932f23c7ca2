"""Models and their truth, drawn at random."""

from __future__ import annotations

import numpy as np

from exporter.estimation.curve import CELLS
from exporter.estimation.reliability import Reliability, cells_of


def by_confidence(confidence, right):
    """Return the counts of predictions by confidence."""
    at = cells_of(np.asarray(confidence, dtype=float))
    return Reliability(
        np.bincount(at, minlength=CELLS)[None, :],
        np.bincount(at[np.asarray(right, dtype=bool)], minlength=CELLS)[None, :],
    )


def by_score(score, predicted, actual):
    """Return int64[2, CELLS] twice: predictions of two classes by score, and the right ones."""
    at = np.asarray(predicted, dtype=int) * CELLS + cells_of(np.asarray(score, dtype=float))
    right = np.asarray(predicted, dtype=bool) == np.asarray(actual, dtype=bool)
    return tuple(
        np.bincount(some, minlength=2 * CELLS).reshape(2, CELLS) for some in (at, at[right])
    )


def truth(predictions, right):
    """Return float64[2, CELLS], the share of the positive ones among int64[2, CELLS] of each."""
    positive = right.copy()
    positive[0] = predictions[0] - right[0]
    return positive / np.maximum(predictions, 1)
