"""How small a shift can be found: before anybody waits for an alarm that can't come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.config import DriftSettings
from exporter.drift.columns import Column, NumericColumn
from exporter.drift.comparison import MIN_REFERENCE_ROWS


@dataclass(frozen=True, slots=True)
class Detectable:
    """What windows of some length can tell.

    Attributes
    ----------
    column
        Name of the column that tells least.
    samples
        Independent values that a window of it holds.
    difference
        Difference between the distribution functions that half of all looks find; ``None`` if
        there are too few values to test.
    """

    column: str
    samples: float
    difference: float | None

    @property
    def shift(self) -> float | None:
        """How far the mean of normal values moves by that, in standard deviations."""
        if self.difference is None:
            return None
        # scipy takes longer to import than the rest of the program.
        from scipy.special import ndtri  # noqa: PLC0415

        return float(2 * ndtri((1 + min(self.difference, 1 - 1e-12)) / 2))


def detectable(
    columns: Sequence[Column], settings: DriftSettings, predictions: float
) -> Detectable | None:
    """Return what windows tell of the numeric column of which they tell least.

    The distance D at which Kolmogorov's p, times the number of columns, is alpha: D^2 = ln(2 k /
    alpha) (1/n + 1/m) / 2 of independent values; not below `min_effect`. ``None`` if no column is
    numeric.

    Parameters
    ----------
    columns
        Those that are tested.
    predictions
        How many a window holds.
    """
    numeric = [
        column
        for column in columns
        if isinstance(column, NumericColumn) and column.n / column.tau >= MIN_REFERENCE_ROWS
    ]
    if not numeric:
        return None

    def noise(column: NumericColumn) -> float:
        share = column.n / max(1, column.rows)
        return column.tau / max(1e-9, predictions * share) + column.tau / column.n

    worst = max(numeric, key=noise)
    samples = predictions * worst.n / max(1, worst.rows) / worst.tau
    if samples < settings.min_samples:
        return Detectable(worst.name, samples, None)
    found = math.sqrt(math.log(2 * len(columns) / settings.alpha) * noise(worst) / 2)
    return Detectable(worst.name, samples, max(found, settings.min_effect))
