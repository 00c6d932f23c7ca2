"""One figure over all classes, from a confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def f1(matrix: NDArray[np.integer[Any]], named: int) -> dict[str, float]:
    """Return the F1 score averaged over the first classes of int[predicted, actual] counts.

    ``macro``: the mean over the classes that occur; ``weighted``: by how often each is the actual
    one; ``micro``: of all decisions together. What is left out where nothing occurs is absent.

    Parameters
    ----------
    named
        How many classes are told apart. Two classes that are both `other` need not be the same,
        so that nothing can be said of them: they count in no average, but a record of a named
        class that was taken for one of them, or the other way round, does.

    Notes
    -----
    As `sklearn.metrics.f1_score` with ``zero_division=0``.
    """
    hits, predicted, actual = _marginals(matrix, named)
    both = predicted + actual
    occur = both > 0
    if not occur.any():
        return {}
    scores = 2 * hits[occur] / both[occur]
    averages = {"macro": float(scores.mean()), "micro": float(2 * hits.sum() / both.sum())}
    if actual.sum():
        averages["weighted"] = float((scores * actual[occur]).sum() / actual.sum())
    return averages


def balanced_accuracy(matrix: NDArray[np.integer[Any]], named: int) -> float | None:
    """Return the mean recall of the first classes of int[predicted, actual] counts.

    ``None`` if none of them is the actual class of any record. As
    `sklearn.metrics.balanced_accuracy_score`.
    """
    hits, _, actual = _marginals(matrix, named)
    known = actual > 0
    return float((hits[known] / actual[known]).mean()) if known.any() else None


def _marginals(
    matrix: NDArray[np.integer[Any]], named: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    hits = matrix.diagonal()[:named].astype(np.float64)
    return hits, matrix.sum(axis=1)[:named], matrix.sum(axis=0)[:named]
