"""How large the error of a prediction is to be expected: learned from a reference.

Direct loss estimation (NannyML's DLE): a second model predicts the absolute error of the first one
from its inputs and its prediction. Here it is a few regression trees, each grown on a bootstrap of
the reference (bagging: Breiman 1996). A window is only counted at their leaves, so that the cost
and the state do not depend on its length, and no figure on the order of the records.

It sees a change of inputs and predictions. It can't see that the same inputs have other answers
than before (concept drift): for that its distance from the realised error is the sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter import canonical
from exporter.drift import observations
from exporter.drift.columns import MAX_CATEGORY_LENGTH
from exporter.estimation.regression_tree import Forest, Tree
from exporter.monitors.wilson import Z_95
from exporter.records import Floats, RecordBatch


@dataclass(frozen=True)
class Input:
    """A column as trees see it: a number.

    Attributes
    ----------
    name
        Of the column in the reference.
    categories
        In the order of the mean error, the number of each being its position; ``None`` for a
        column of numbers.
    missing
        What stands for a missing value, and for a category that is not among them; ``None`` if
        they count as lower than all others, since the reference had enough to learn from.
    """

    name: str
    categories: tuple[str, ...] | None
    missing: float | None

    def read(self, batch: RecordBatch) -> Floats:
        """Return float64[n], none of them NaN."""
        missing = -math.inf if self.missing is None else self.missing
        if self.categories is None:
            numbers = observations.numbers(batch, self.name)
            known = np.isfinite(numbers)
            return numbers if known.all() else np.where(known, numbers, missing)
        column = observations.classes(batch, self.name)
        table = np.full(len(column.values) + 1, missing)
        for code, value in enumerate(column.values):
            table[code] = self._position.get(value[:MAX_CATEGORY_LENGTH], missing)
        # The code -1 of a missing value reads the last entry.
        coded: Floats = table[column.codes]
        return coded

    @cached_property
    def _position(self) -> dict[str, int]:
        return {value: position for position, value in enumerate(self.categories or ())}


@dataclass(frozen=True, eq=False)
class ExpectedError:
    """What is to be expected of the absolute error, given inputs and prediction.

    Attributes
    ----------
    records
        Labelled predictions that it was learned from.
    realised
        Their mean absolute error.
    inputs
        The columns that the trees divide by.
    trees
        At least two; what leaves hold is the absolute error.
    """

    records: int
    realised: float
    inputs: tuple[Input, ...]
    trees: tuple[Tree, ...]

    @cached_property
    def forest(self) -> Forest:
        """All trees; ValueError if one is malformed."""
        return Forest(self.trees)

    @cached_property
    def mean(self) -> Floats:
        """float64[leaves], the expected error."""
        return self._of_leaves([tree.mean for tree in self.trees])

    @cached_property
    def _variance(self) -> Floats:
        return self._of_leaves([tree.variance for tree in self.trees])

    @cached_property
    def _weight(self) -> Floats:
        return self._of_leaves([tree.weight for tree in self.trees])

    @cached_property
    def _tree(self) -> NDArray[np.intp]:
        return np.repeat(np.arange(len(self.trees)), [len(tree.mean) for tree in self.trees])

    @staticmethod
    def _of_leaves(parts: Sequence[Floats]) -> Floats:
        return np.concatenate(parts)

    def leaves(self, batch: RecordBatch) -> NDArray[np.int64]:
        """Return int64[trees, n], where each record falls."""
        values = np.empty((len(self.inputs), len(batch)))
        for line, column in zip(values, self.inputs, strict=True):
            line[:] = column.read(batch)
        return self.forest.find(values)

    def total(self, counts: NDArray[np.integer[Any]]) -> tuple[int, float]:
        """Return how many predictions were counted, int[leaves], and the sum of their errors."""
        trees = len(self.trees)
        return int(counts.sum()) // trees, float(counts @ self.mean) / trees

    def estimate(self, counts: NDArray[np.integer[Any]]) -> tuple[float, float, float]:
        """Return the expected mean absolute error, and the ends of its 95 percent band.

        The band is for the realised mean of these predictions. It covers that they are few, that
        each leaf was learned from a finite reference, and that trees on other draws of the
        reference say something else, which grows as the window moves to where they know little.

        Parameters
        ----------
        counts
            int[leaves], predictions by leaf, at least one.
        """
        number = self.total(counts)[0]
        share = counts / number
        by_tree = np.bincount(self._tree, share * self.mean)
        trees = len(by_tree)
        mean = float(by_tree.mean())
        sampling = float(share @ self._variance) / trees / number
        learned = float((share**2 / self._weight) @ self._variance) / trees
        between = float(by_tree.var(ddof=1))
        half = Z_95 * math.sqrt(sampling + learned + between)
        return mean, max(0.0, mean - half), mean + half

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "records": self.records,
            "realised": self.realised,
            "inputs": [
                {
                    "name": column.name,
                    "categories": None if column.categories is None else [*column.categories],
                    "missing": column.missing,
                }
                for column in self.inputs
            ],
            "trees": [
                {
                    "nodes": [None if node is None else [*node] for node in tree.nodes],
                    "mean": tree.mean.tolist(),
                    "variance": tree.variance.tolist(),
                    "weight": tree.weight.tolist(),
                }
                for tree in self.trees
            ],
        }

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the document: equal content, equal digest."""
        return canonical.digest(canonical.canonical(self.document()))
