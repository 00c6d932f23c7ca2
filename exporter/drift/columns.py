"""One column of a reference: its frozen cells, their counts, and how values fall into them.

A cell is a bin of a numeric column or a category of a categorical one. Cells never move: windows
count at the reference's cells, so that two of them can be compared, added and kept as counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from exporter.drift.grid import Grid
from exporter.records import Categorical, Floats

Counts = NDArray[np.int64]
Table = Counts | Floats
"""[columns, cells]: values of each cell, or how many independent ones they are worth."""
Kind = Literal["numeric", "categorical"]

PREDICTION = "prediction"
CONFIDENCE = "confidence"
OUTPUTS = (PREDICTION, CONFIDENCE)
"""Columns that are the model's own outputs."""

INPUT_LENGTH = "input_length"
NO_FEATURES = (*OUTPUTS, INPUT_LENGTH)
"""Columns that are no logged features."""

MAX_CATEGORY_LENGTH = 128
_FEATURE_PREFIX = "features."


def column_name(feature: str) -> str:
    """Return the name of a logged feature's column, which is the value of the label `feature`.

    >>> [column_name(feature) for feature in ("age", "prediction", "features.age")]
    ['age', 'features.prediction', 'features.features.age']
    """
    # What already begins with the prefix gets it again, so that no two features share a name.
    reserved = feature in NO_FEATURES or feature.startswith(_FEATURE_PREFIX)
    return _FEATURE_PREFIX + feature if reserved else feature


def feature_name(column: str) -> str:
    """Return the logged feature that a column is of: the inverse of `column_name`."""
    return column.removeprefix(_FEATURE_PREFIX)


@dataclass(frozen=True)
class Moments:
    """Moments of a numeric column; ``None`` where they do not exist.

    Attributes
    ----------
    std
        Sample standard deviation (divisor n - 1).
    """

    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, eq=False)
class NumericColumn:
    """A column of numbers.

    Attributes
    ----------
    rows, missing
        Records that were looked at, and those of them without a finite number.
    edges
        float64[B - 1], strictly increasing and finite.
    counts
        int64[B], values in (-inf, e0], (e0, e1], …, (e_last, inf).
    sample
        float64[<= 10,000], sorted values of the reference.
    tau
        Autocorrelation time: how many values in a row are worth one that does not depend on
        those before it (:mod:`exporter.drift.autocorrelation`).
    tau_mean
        The same for their mean, where it is longer.
    """

    kind: ClassVar[Kind] = "numeric"

    name: str
    rows: int
    missing: int
    edges: Floats
    counts: Counts
    moments: Moments
    sample: Floats
    tau: float = 1.0
    tau_mean: float = 1.0

    @property
    def n(self) -> int:
        """Values that `counts` holds."""
        return int(self.counts.sum())

    @property
    def longest_tau(self) -> float:
        """The autocorrelation time of what adds up all values."""
        return max(self.tau, self.tau_mean)

    def unordered(self) -> NumericColumn:
        """Return the column of values of whose order nothing is known."""
        return replace(self, tau=1.0, tau_mean=1.0)

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self.edges)

    def assign(self, values: Floats) -> NDArray[np.int64]:
        """Return int64[n]: the cell of each value, -1 for what is no finite number."""
        finite = np.isfinite(values)
        if finite.all():
            return self._grid.cells(values)
        cells = self._grid.cells(np.where(finite, values, 0.0))
        cells[~finite] = -1
        return cells

    def document(self) -> dict[str, Any]:
        """Return the column as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "mean": self.moments.mean,
            "std": self.moments.std,
            "minimum": self.moments.minimum,
            "maximum": self.moments.maximum,
            "sample": self.sample.tolist(),
            "tau": self.tau,
            **({"tau_mean": self.tau_mean} if self.tau_mean > self.tau else {}),
        }


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """A column of classes.

    Attributes
    ----------
    rows, missing
        Records that were looked at, and those of them without a value.
    categories
        The most frequent categories of the reference.
    counts
        int64[len(categories) + 1], the last one of all other values.
    tau
        Autocorrelation time, see :class:`NumericColumn`.
    """

    kind: ClassVar[Kind] = "categorical"

    name: str
    rows: int
    missing: int
    categories: tuple[str, ...]
    counts: Counts
    tau: float = 1.0

    @property
    def n(self) -> int:
        """Values that `counts` holds."""
        return int(self.counts.sum())

    def unordered(self) -> CategoricalColumn:
        """Return the column of values of whose order nothing is known."""
        return replace(self, tau=1.0)

    @cached_property
    def _cells(self) -> Mapping[str, int]:
        return {category: cell for cell, category in enumerate(self.categories)}

    def assign(self, values: Categorical) -> NDArray[np.int64]:
        """Return int64[n]: the cell of each value, the last one for unknown ones, -1 for none."""
        other = len(self.categories)
        table = np.full(len(values.values) + 1, -1, dtype=np.int64)
        for code, value in enumerate(values.values):
            table[code] = self._cells.get(value[:MAX_CATEGORY_LENGTH], other)
        # The code -1 of a missing value reads the last entry, which is -1.
        cells: NDArray[np.int64] = table[values.codes]
        return cells

    def document(self) -> dict[str, Any]:
        """Return the column as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "categories": list(self.categories),
            "counts": self.counts.tolist(),
            "tau": self.tau,
        }


Column = NumericColumn | CategoricalColumn
