"""64-bit numbers that stand for texts and records: the same in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.records import Categorical, FeatureColumn, Floats, Mask, RecordBatch

Hashes = NDArray[np.uint64]

_SEED = 0x6D6F64656C7461696C
_HALF = np.uint64(32)
_CHARACTER_BYTES = 4
_LONGEST = 256
_NUMBERS = frozenset({int, float})


def mixed(values: Hashes) -> Hashes:
    """Return uint64[n], each number with its bits stirred: a bijection.

    Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014, Fast splittable pseudorandom
    number generators, OOPSLA).
    """
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = values ^ (values >> np.uint64(31))
    return mixed


def of_texts(texts: Sequence[str]) -> Hashes:
    """Return uint64[n], a number for each text; two texts share one with probability 2^-64.

    Two multilinear hashes of the characters with fixed random factors give 32 bits each.
    Source: Lemire, Kaser (2014), Strongly universal string hashing is fast, The Computer Journal
    57(11). Texts that differ in trailing NULs alone are the same. Long ones go by their BLAKE2b.
    """
    if not texts:
        return np.empty(0, dtype=np.uint64)
    # All are padded to the length of the longest: a single long one would cost gigabytes.
    padded = np.array(
        [text if len(text) <= _LONGEST else _digest(text) for text in texts], dtype=np.str_
    )
    width = padded.itemsize // _CHARACTER_BYTES
    if not width:
        return np.zeros(len(texts), dtype=np.uint64)
    characters = padded.view(np.uint32).reshape(len(texts), width)
    factors = _factors(width)
    sums = np.zeros((2, len(texts)), dtype=np.uint64)
    for position in range(width):
        # A character beyond the end is 0 and adds nothing, however wide the others are.
        character = characters[:, position].astype(np.uint64)
        sums[0] += character * factors[2 * position]
        sums[1] += character * factors[2 * position + 1]
    joined: Hashes = (sums[0] & ~np.uint64(0xFFFFFFFF)) | (sums[1] >> _HALF)
    return joined


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _factors(width: int) -> Hashes:
    # Any fixed numbers without a pattern will do, the same for ever since hashes are stored.
    steps = np.arange(1, 2 * width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed(steps + np.uint64(_SEED & 0xFFFFFFFFFFFFFFFF))


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
