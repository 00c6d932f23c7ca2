"""Rules that values must keep on their way to columns; what breaks one is dropped and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from exporter.records import Categorical, FeatureColumn, Floats, Mask

MAX_CLASS_LENGTH = 128

Violations = Counter[tuple[str, str]]
"""By field and rule."""


def numbers_of(raw: Sequence[Any]) -> Floats:
    """Return float64[n]; NaN for whatever is no number."""
    if all_absent(raw):
        return np.full(len(raw), np.nan)
    try:
        return np.array(raw, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        return FeatureColumn(raw).numeric()


def all_absent(raw: Sequence[Any]) -> bool:
    """Return whether a column holds nothing but ``None``."""
    # Most columns are there or not from the first record on.
    return not raw or (raw[0] is None and raw.count(None) == len(raw))


def present(raw: Sequence[Any]) -> Mask:
    """Return bool[n]: the value is not ``None``."""
    return np.array([value is not None for value in raw], dtype=bool)


def within(
    values: Floats,
    low: float,
    high: float,
    field: str,
    found: Violations,
    raw: Sequence[Any],
) -> Floats:
    """Return the values with those outside of [low, high] or not finite dropped and counted."""
    absent = np.isnan(values)
    not_finite = np.isinf(values)
    if absent.any():
        not_finite |= absent & present(raw)
    outside = ~absent & ~not_finite & ((values < low) | (values > high))
    count(found, (field, "finite"), not_finite)
    count(found, (field, "range"), outside)
    return np.where(not_finite | outside, np.nan, values)


def count(found: Violations, key: tuple[str, str], mask: Mask) -> None:
    """Count the records of a mask under a field and a rule, if there are any."""
    number = int(mask.sum())
    if number:
        found[key] += number


def classes_of(raw: Sequence[Any], distinct: dict[Any, Any] | None = None) -> Categorical:
    """Encode classes or versions; long ones are cut, and an empty text is none."""
    encoded = Categorical.of_classes(raw, distinct)
    if any(not 0 < len(value) <= MAX_CLASS_LENGTH for value in encoded.values):
        # Two long classes with the same beginning become one, hence the second encoding.
        shortened = [value[:MAX_CLASS_LENGTH] if value else None for value in encoded.decode()]
        encoded = Categorical.encode(shortened)
    return encoded
