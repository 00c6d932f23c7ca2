"""64-bit numbers that stand for texts and records: the same in every process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exporter.hashing import Hashes, mixed, of_texts
from exporter.records import Categorical, FeatureColumn, Floats, Mask, RecordBatch

_NUMBERS = frozenset({int, float})


def of_records(batch: RecordBatch) -> Hashes:
    """Return uint64[n], a number for all that was read of each record but its ground truth.

    That is its own time, identity, version, outcome and every field and feature that somebody
    asked for, in whatever order they were logged; not the text of its line.
    """
    total = np.zeros(len(batch), dtype=np.uint64)
    for name, hashes, known in _columns(batch):
        # Sums do not depend on the order of the columns; the name keeps equal values apart. What
        # is absent adds nothing, since a batch has only the columns that some record needs.
        total += np.where(known, mixed(hashes ^ of_texts([name])), np.uint64(0))
    return mixed(total)


def _columns(batch: RecordBatch) -> Iterator[tuple[str, Hashes, Mask]]:
    numbers: dict[str, Floats] = {
        "timestamp": batch.timestamp,
        "prediction_value": batch.prediction_value,
        "confidence": batch.confidence,
        "latency": batch.latency,
        **batch.numbers,
    }
    for field, values in numbers.items():
        yield field, _of_numbers(values), ~np.isnan(values)
    classes: dict[str, Categorical] = {
        "version": batch.version,
        "prediction": batch.prediction,
        **batch.classes,
    }
    if batch.request_id is not None:
        classes["request_id"] = Categorical.encode(batch.request_id)
    for field, column in classes.items():
        yield field, _of_classes(column), column.codes >= 0
    for parent, columns in {"features": batch.features, **batch.maps}.items():
        for name, logged in columns.items():
            yield f"{parent}.{name}", *_of_logged(logged)


def _of_logged(column: FeatureColumn) -> tuple[Hashes, Mask]:
    values = column.numeric()
    hashes, known = _of_numbers(values), np.isfinite(values)
    if column.kinds <= {int, float, type(None)}:
        return hashes, known
    # Numbers are told by their value, which is much faster than by their text.
    others = [None if type(value) in _NUMBERS else value for value in column.raw]
    classes = FeatureColumn(others).categorical()
    return np.where(known, hashes, _of_classes(classes)), known | (classes.codes >= 0)


def _of_numbers(values: Floats) -> Hashes:
    # Adding 0 makes one of -0.0 and 0.0.
    return (values + 0.0).view(np.uint64)


def _of_classes(column: Categorical) -> Hashes:
    table = np.concatenate((of_texts(column.values), np.zeros(1, dtype=np.uint64)))
    hashes: Hashes = table[column.codes]
    return hashes
