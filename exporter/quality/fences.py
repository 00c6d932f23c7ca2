"""Limits beyond which a number is an outlier, measured against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.drift.columns import NumericColumn
from exporter.records import Floats

METHODS = ("iqr", "zscore")
IQR_FACTOR = 3.0
"""Tukey's outer fences: "far out"."""
Z_LIMIT = 3.0


@dataclass(frozen=True, slots=True)
class Fences:
    """The least and the greatest number of a column that are no outliers.

    Attributes
    ----------
    low, high
        float64[len(METHODS)]; infinite where a method can say nothing of the column.
    """

    low: Floats
    high: Floats

    @classmethod
    def of(cls, column: NumericColumn) -> Fences:
        """Return the fences of a column of the reference, in the order of :data:`METHODS`.

        iqr: 3 interquartile ranges beyond the quartiles of the sample (Tukey 1977, Exploratory Data
        Analysis). zscore: 3 standard deviations from the mean. A column of which half the values
        are the same has no interquartile range, and one of a single value no deviation.
        """
        both = (_iqr(column), _zscore(column))
        return cls(np.array([low for low, _ in both]), np.array([high for _, high in both]))

    def beyond(self, numbers: Floats) -> Sequence[int]:
        """Return for each method how many of float64[n] numbers are outliers; NaN is none."""
        return [
            int(((numbers < low) | (numbers > high)).sum())
            for low, high in zip(self.low.tolist(), self.high.tolist(), strict=True)
        ]


def _iqr(column: NumericColumn) -> tuple[float, float]:
    if not column.sample.size:
        return -np.inf, np.inf
    lower, upper = np.quantile(column.sample, (0.25, 0.75)).tolist()
    return _around(lower, upper, IQR_FACTOR * (upper - lower))


def _zscore(column: NumericColumn) -> tuple[float, float]:
    mean, std = column.moments.mean, column.moments.std
    if mean is None or std is None:
        return -np.inf, np.inf
    return _around(mean, mean, Z_LIMIT * std)


def _around(low: float, high: float, margin: float) -> tuple[float, float]:
    if not 0 < margin < np.inf:
        return -np.inf, np.inf
    return low - margin, high + margin
