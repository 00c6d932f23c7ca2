"""Which of two classes is the positive one, and how probable the model holds it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from exporter.records import Categorical, Floats, Mask, RecordBatch, Scores

_NEGATIVE_AND_POSITIVE = (
    ("0", "1"),
    ("false", "true"),
    ("False", "True"),
    ("no", "yes"),
    ("negative", "positive"),
)
_PAIRS = {name: pair for pair in _NEGATIVE_AND_POSITIVE for name in pair}


class BinaryClasses:
    """The two classes of a model, as far as they are known.

    Parameters
    ----------
    positive
        The positive class, where the configuration says so. Else it is the later one in the order
        of the alphabet, which is the obvious one of 0 and 1, of no and yes, and the like.
    """

    def __init__(self, positive: str | None = None) -> None:
        self._configured = positive
        self._seen: set[str] = set() if positive is None else {positive}

    @property
    def pair(self) -> tuple[str, str] | None:
        """The negative and the positive class; ``None`` unless there are exactly two."""
        seen = self._seen
        if len(seen) == 1 and self._configured is None:
            (only,) = seen
            return _PAIRS.get(only)
        if len(seen) != 2:
            return None
        first, last = sorted(seen)
        return (last, first) if first == self._configured else (first, last)

    @property
    def classes(self) -> list[str]:
        """The classes seen, three at most: more than two are not binary."""
        return sorted(self._seen)

    def see(self, names: Iterable[str]) -> None:
        """Take in classes that occur."""
        for name in names:
            if len(self._seen) <= 2:
                self._seen.add(name)

    def see_batch(self, batch: RecordBatch) -> None:
        """Take in the classes of a batch."""
        if len(self._seen) > 2:
            return
        if batch.scores is not None:
            self.see(batch.scores.classes)
        for column in (batch.prediction, batch.label):
            if self._seen.issuperset(column.values):
                continue
            used = np.flatnonzero(np.bincount(column.codes + 1)[1:]).tolist()
            self.see(column.values[code] for code in used)


def probability(batch: RecordBatch, pair: tuple[str, str]) -> Floats:
    """Return float64[n], the logged probability of the positive class, NaN where unknown.

    Where none was logged of the class, that of the other one, or the confidence in the predicted
    one, tells.
    """
    negative, positive = pair
    score = None
    if batch.scores is not None:
        score = batch.scores.of(positive)
        if not np.isnan(score).any():
            return score
        score = np.where(np.isnan(score), 1 - batch.scores.of(negative), score)
    confidence = np.where(
        is_class(batch.prediction, positive),
        batch.confidence,
        np.where(is_class(batch.prediction, negative), 1 - batch.confidence, np.nan),
    )
    return confidence if score is None else np.where(np.isnan(score), confidence, score)


def logged(column: Categorical, scores: Scores) -> Floats:
    """Return float64[n], the logged probability of each record's class, NaN where there is none."""
    if not scores.classes:
        return np.full(len(column.codes), np.nan)
    position = {name: place for place, name in enumerate(scores.classes)}
    # One more cell at the end is what the code -1 of a missing class finds.
    table = np.array([*(position.get(name, -1) for name in column.values), -1])
    place = table.take(column.codes)
    rows = np.arange(0, scores.values.size, len(scores.classes))
    found: Floats = scores.values.reshape(-1).take(rows + np.maximum(place, 0))
    if (place < 0).any():
        found[place < 0] = np.nan
    return found


def is_class(column: Categorical, name: str) -> Mask:
    """Return bool[n], the record is of a class."""
    code = column.values.index(name) if name in column.values else -2
    found: Mask = column.codes == code
    return found
