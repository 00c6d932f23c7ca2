"""Values of a batch for a column: a logged feature, or an output of the model itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.drift.columns import (
    CONFIDENCE,
    INPUT_LENGTH,
    PREDICTION,
    Column,
    NumericColumn,
    feature_name,
)
from exporter.records import Categorical, Floats, Mask, RecordBatch


def successful(batch: RecordBatch) -> NDArray[np.intp]:
    """Return the positions of the predictions: attempts that did not fail."""
    return np.flatnonzero(batch.attempt & ~batch.failed)


def cells(batch: RecordBatch, column: Column) -> NDArray[np.int64]:
    """Return int64[n]: the reference's cell of each record, -1 where the value is missing.

    Worked out once for all that ask for it; not to be changed.
    """
    found = batch.derived.get(column)
    if found is None:
        if isinstance(column, NumericColumn):
            found = column.assign(numbers(batch, column.name))
        else:
            found = column.assign(classes(batch, column.name))
        batch.derived[column] = found
    return found


def missing(batch: RecordBatch, column: Column) -> Mask:
    """Return bool[n]: records without a value, for which :func:`cells` returns -1."""
    if isinstance(column, NumericColumn):
        return ~np.isfinite(numbers(batch, column.name))
    return classes(batch, column.name).codes < 0


def numbers(batch: RecordBatch, name: str) -> Floats:
    """Return float64[n], what a column of numbers holds; NaN where there is none."""
    if name == CONFIDENCE:
        return batch.confidence
    if name == PREDICTION:
        return batch.prediction_value
    if name == INPUT_LENGTH:
        lengths = batch.numbers.get(INPUT_LENGTH)
        return np.full(len(batch), np.nan) if lengths is None else lengths
    feature = batch.features.get(feature_name(name))
    return np.full(len(batch), np.nan) if feature is None else feature.numeric()


def classes(batch: RecordBatch, name: str) -> Categorical:
    """Return what a column of classes holds."""
    if name == PREDICTION:
        return batch.prediction
    feature = batch.features.get(feature_name(name))
    return Categorical.empty(len(batch)) if feature is None else feature.categorical()
