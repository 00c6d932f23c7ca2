"""Collects the labelled predictions of a reference, to estimate performance without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exporter import hashing
from exporter.estimation.curve import CELLS, STEPS
from exporter.estimation.reliability import Counts, Reliability, cells
from exporter.estimation.spreading import spreads
from exporter.monitors.binary import BinaryClasses
from exporter.records import FeatureColumn, Floats, RecordBatch

SAMPLE = 50_000
"""Labelled predictions whose features are kept, at most."""
MAX_FEATURES = 50
"""Features beyond these tell nothing of how far calibration travels."""
_SCORE, _CONFIDENCE, _RIGHT = 0, 1, 2
_HASH_BITS = np.uint64(1)


class Calibrating:
    """Counts labelled predictions by confidence, and by score as long as there are two classes.

    Memory is bounded. How the records are cut into batches makes no difference.

    Parameters
    ----------
    positive
        The positive class; absent: see :class:`exporter.monitors.binary.BinaryClasses`.
    sample
        Predictions whose features are kept.

    Notes
    -----
    Which class is the positive one may be open at first. So scores are of the configured class or
    the first one seen, and are turned round in the end if that is the negative one.
    """

    def __init__(self, positive: str | None = None, sample: int = SAMPLE) -> None:
        self._classes = BinaryClasses(positive)
        self._of = positive
        self._counts = {
            _SCORE: np.zeros((2, 2 * CELLS), dtype=np.int64),
            _CONFIDENCE: np.zeros((2, CELLS), dtype=np.int64),
        }
        self._sample = _Sample(sample)

    def add(self, batch: RecordBatch) -> None:
        """Add the labelled predictions of a batch."""
        self._classes.see_batch(batch)
        judged = batch.labelled & (batch.label.codes >= 0)
        if not judged.any():
            return
        by = np.full((3, len(batch)), -1, dtype=np.int64)
        by[_CONFIDENCE] = cells(batch, None)
        seen = self._classes.classes
        if len(seen) <= 2:
            if self._of is None:
                self._of = seen[0]
            other = next((name for name in seen if name != self._of), "")
            by[_SCORE] = cells(batch, (other, self._of))
            if self._classes.pair == (self._of, other):
                # The positive class's own probability counts, where both are logged.
                by[_SCORE] = _turned(cells(batch, (self._of, other)))
        by[_RIGHT] = batch.right
        rows = np.flatnonzero(judged & ((by[_SCORE] >= 0) | (by[_CONFIDENCE] >= 0)))
        by = by[:, rows]
        for which, counts in self._counts.items():
            known = by[which] >= 0
            at = by[which, known]
            counts[0] += np.bincount(at, minlength=counts.shape[1])
            counts[1] += np.bincount(at[by[_RIGHT, known] > 0], minlength=counts.shape[1])
        self._sample.add(by, batch.features, rows)

    def finish(self) -> Reliability | None:
        """Return what was counted; ``None`` if too few had a label and a score."""
        seen, pair = self._classes.classes, self._classes.pair
        columns = self._sample.columns
        found, at = Reliability(*self._counts[_CONFIDENCE][:, None, :]), columns[_CONFIDENCE]
        if len(seen) == 2 and pair is not None:
            predictions, right = self._counts[_SCORE].reshape(2, 2, CELLS)
            by_score = Reliability(predictions, right, pair)
            score = columns[_SCORE]
            if self._of == pair[0]:
                by_score = Reliability(predictions[::-1, ::-1], right[::-1, ::-1], pair)
                score = _turned(score)
            if by_score.enough:
                found, at = by_score, score
        if not found.enough:
            return None
        known = at >= 0
        features = [feature[known] for feature in self._sample.features()]
        return replace(
            found, spreads=spreads(found, at[known], columns[_RIGHT, known] > 0, features)
        )


class _Sample:
    """Every first, then every second, fourth, eighth record as they become too many."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stride = 1
        self._offered = 0
        self._kept = 0
        self._chunks: list[Counts] = []
        self._features: dict[str, list[tuple[int, Floats, Counts]]] = {}

    def add(self, columns: Counts, features: Mapping[str, FeatureColumn], rows: Counts) -> None:
        """Offer int64[3, n] columns, and the rows of the features."""
        chosen = np.flatnonzero((self._offered + np.arange(len(rows))) % self._stride == 0)
        self._offered += len(rows)
        if not len(chosen):
            return
        self._chunks.append(columns[:, chosen])
        for name, column in features.items():
            if name in self._features or len(self._features) < MAX_FEATURES:
                taken = column.take(rows[chosen])
                self._features.setdefault(name, []).append(
                    (self._kept, taken.numeric(), _categories(taken))
                )
        self._kept += len(chosen)
        while self._kept > self._capacity:
            self._thin()

    @property
    def columns(self) -> Counts:
        """int64[3, kept]."""
        return np.concatenate([np.empty((3, 0), dtype=np.int64), *self._chunks], axis=1)

    def features(self) -> list[Floats | Counts]:
        """Return the features, each [kept] numbers or categories, whichever are more."""
        found: list[Floats | Counts] = []
        for name in sorted(self._features):
            numbers, categories = self._feature(name)
            finite = np.isfinite(numbers)
            numeric = finite.sum() >= ((categories >= 0) & ~finite).sum()
            found.append(np.where(finite, numbers, np.nan) if numeric else categories)
        return found

    def _feature(self, name: str) -> tuple[Floats, Counts]:
        numbers = np.full(self._kept, np.nan)
        categories = np.full(self._kept, -1, dtype=np.int64)
        for start, some, others in self._features[name]:
            numbers[start : start + len(some)] = some
            categories[start : start + len(some)] = others
        return numbers, categories

    def _thin(self) -> None:
        self._stride *= 2
        for name in self._features:
            numbers, categories = self._feature(name)
            self._features[name] = [(0, numbers[::2].copy(), categories[::2].copy())]
        self._chunks = [self.columns[:, ::2].copy()]
        self._kept = self._chunks[0].shape[1]


def _categories(column: FeatureColumn) -> Counts:
    """Return int64[n], a number for each category, -1 where missing."""
    encoded = column.categorical()
    # One bit less, so that no category is negative.
    numbers = (hashing.of_texts(encoded.values) >> _HASH_BITS).astype(np.int64)
    return np.concatenate((numbers, [-1]))[encoded.codes]


def _turned(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return positions by the score of the one class as those by the score of the other."""
    row, cell = np.divmod(at, CELLS)
    return np.where(at < 0, -1, (1 - row) * CELLS + STEPS - cell)
