"""Figures of performance as functions of what is probable of each prediction.

Each is a function of counts, int[kinds, CELLS] as in
:class:`exporter.estimation.reliability.Reliability`, and of p, float64[..., kinds or 1, CELLS], the
probability of the positive class in each cell, or of being right. Its `gradient` is the change of
the figure as one prediction comes true, by which the variance of the realised figure follows (delta
method).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats

Counts = NDArray[np.integer[Any]]


class Figure(ABC):
    """One figure."""

    binary: bool
    """Whether it needs two classes."""

    @abstractmethod
    def value(self, counts: Counts, p: Floats) -> Floats:
        """Return float64[...], the figure to expect; NaN where it has no meaning."""

    @abstractmethod
    def gradient(self, counts: Counts, p: Floats) -> Floats:
        """Return float64[kinds or 1, CELLS], by how much one that comes true changes it."""

    def variance(self, counts: Counts, p: Floats) -> float:
        """Return the variance of the realised figure of so many predictions."""
        return float((counts * p * (1 - p) * self.gradient(counts, p) ** 2).sum())


class Accuracy(Figure):
    """The share of right predictions: the mean probability of the predicted class."""

    binary = False

    def value(self, counts: Counts, p: Floats) -> Floats:
        """Return the figure."""
        return np.asarray(_right(counts, p).sum(axis=(-2, -1)) / counts.sum())

    def gradient(self, counts: Counts, p: Floats) -> Floats:  # noqa: ARG002
        """Return the change, whatever p."""
        one = np.ones((1, 1)) if len(counts) == 1 else np.where(_POSITIVE, 1.0, -1.0)
        return np.asarray(one / counts.sum())


class F1(Figure):
    """2 tp / (predicted positive + positive) of the positive class, each to be expected."""

    binary = True

    def value(self, counts: Counts, p: Floats) -> Floats:
        """Return the figure."""
        found, size = self._parts(counts, p)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(2 * found / size)

    def gradient(self, counts: Counts, p: Floats) -> Floats:
        """Return the change."""
        found, size = self._parts(counts, p)
        return np.asarray(np.where(_POSITIVE, 2 / size, 0) - 2 * found / size**2)

    @staticmethod
    def _parts(counts: Counts, p: Floats) -> tuple[Floats, Floats]:
        positive = (counts * p).sum(axis=-1)
        return positive[..., 1], positive.sum(axis=-1) + counts[1].sum()


class RocAuc(Figure):
    """Pairs in the right order over all pairs, each to be expected; in one cell half."""

    binary = True

    def value(self, counts: Counts, p: Floats) -> Floats:
        """Return the figure."""
        positive, negative = self._expected(counts, p)
        below = np.cumsum(negative, axis=-1) - negative / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                (positive * below).sum(axis=-1) / (positive.sum(axis=-1) * negative.sum(axis=-1))
            )

    def gradient(self, counts: Counts, p: Floats) -> Floats:
        """Return the change."""
        positive, negative = self._expected(counts, p)
        below = np.cumsum(negative) - negative / 2
        above = positive.sum() - np.cumsum(positive) + positive / 2
        pairs = positive.sum() * negative.sum()
        change = below - above - self.value(counts, p) * (negative.sum() - positive.sum())
        return np.asarray(change / pairs)[None, :]

    @staticmethod
    def _expected(counts: Counts, p: Floats) -> tuple[Floats, Floats]:
        positive = (counts * p).sum(axis=-2)
        return positive, counts.sum(axis=0) - positive


FIGURES: dict[str, Figure] = {"accuracy": Accuracy(), "f1": F1(), "roc_auc": RocAuc()}
_POSITIVE = np.array([[False], [True]])


def right_ones(counts: Counts, p: Floats) -> float:
    """Return how many predictions are expected to be right; never less as counts grow."""
    return float(_right(counts, p).sum())


def _right(counts: Counts, p: Floats) -> Floats:
    right = p if len(counts) == 1 else np.where(_POSITIVE, p, 1 - p)
    return np.asarray(counts * right)


def figures(kinds: int) -> dict[str, Figure]:
    """Return those that can be told of counts of so many rows."""
    return {name: one for name, one in FIGURES.items() if kinds > 1 or not one.binary}
