"""Fields that many logs do not have, as columns: only those that some record of a batch holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exporter.parsing.checks import (
    Violations,
    all_absent,
    classes_of,
    count,
    numbers_of,
    present,
    within,
)
from exporter.parsing.fields import (
    OPTIONAL_CLASSES,
    OPTIONAL_FLAGS,
    OPTIONAL_MAPS,
    OPTIONAL_NUMBERS,
)
from exporter.records import Categorical, FeatureColumn, Floats, Scores

MAX_SCORED_CLASSES = 100
"""Of more classes than these in one batch the first are scored, the others are left out."""
MAX_ID_LENGTH = 256

_NOTHING: Mapping[str, Any] = {}
_FLAGS: Mapping[Any, float] = {True: 1.0, False: 0.0, None: math.nan}
_TEXT_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def numbers(column: Mapping[str, Sequence[Any]], found: Violations) -> dict[str, Floats]:
    """Return float64[n] by field, NaN where a record has no usable value; flags are 1 and 0."""
    columns = {}
    for field, (low, high) in OPTIONAL_NUMBERS.items():
        raw = column.get(field, ())
        if not all_absent(raw):
            columns[field] = within(numbers_of(raw), low, high, field, found, raw)
    for field in OPTIONAL_FLAGS:
        raw = column.get(field, ())
        if not all_absent(raw):
            columns[field] = _flags(raw, field, found)
    return columns


def _flags(raw: Sequence[Any], field: str, found: Violations) -> Floats:
    flags = np.full(len(raw), np.nan)
    for position, value in enumerate(raw):
        flag = _TEXT_FLAGS.get(value.lower()) if isinstance(value, str) else value
        # 1 and 0 are equal to True and False.
        if type(flag) in (bool, int, float) and flag in _FLAGS:
            flags[position] = _FLAGS[flag]
        elif value is not None:
            found[field, "type"] += 1
    return flags


def classes(column: Mapping[str, Sequence[Any]]) -> dict[str, Categorical]:
    """Return the text columns by field."""
    return {
        field: classes_of(column[field])
        for field in OPTIONAL_CLASSES
        if not all_absent(column.get(field, ()))
    }


def maps(column: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, FeatureColumn]]:
    """Return a column for each name that occurs in a map, by field and name."""
    columns = {}
    for field in OPTIONAL_MAPS:
        raw = column.get(field, ())
        if not all_absent(raw):
            each = [one or {} for one in raw]
            names = dict.fromkeys(name for one in each for name in one)
            columns[field] = {
                name: FeatureColumn([one.get(name) for one in each]) for name in names
            }
    return columns


def request_ids(raw: Sequence[Any], found: Violations) -> tuple[str | None, ...] | None:
    """Return the identities of requests; ``None`` if no record has one."""
    if all_absent(raw):
        return None
    try:
        # Nothing but text has a length.
        if max(map(len, raw)) <= MAX_ID_LENGTH and "" not in raw:
            return tuple(raw)
    except TypeError:
        # Some record has none, or a number.
        pass
    ids: list[str | None] = []
    for value in raw:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # noqa: PLW2901 - a number is the text that it is written as
        if value is None or (isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH):
            ids.append(value)
        else:
            found["request_id", "type"] += 1
            ids.append(None)
    return tuple(ids)


def scores(raw: Sequence[Any], found: Violations) -> Scores | None:
    """Return the probabilities of all classes; ``None`` if no record has any.

    Parameters
    ----------
    raw
        What was logged: a map, or nothing.
    found
        Records with a value that is no number in 0..1 are counted here; that value is dropped.
    """
    if all_absent(raw):
        return None
    maps = [_map(one) for one in raw]
    names = tuple(dict.fromkeys(str(name) for one in maps for name in one))[:MAX_SCORED_CLASSES]
    columns = [FeatureColumn([one.get(name) for one in maps]).numeric() for name in names]
    values = np.array(columns, dtype=np.float64).reshape(len(names), len(maps)).T
    with np.errstate(invalid="ignore"):
        usable = (values >= 0) & (values <= 1)
    logged = np.fromiter(map(len, maps), dtype=np.int64, count=len(maps))
    # An empty map is as wrong as one with a value that is no probability.
    broken = present(raw) & ((usable.sum(axis=1) < logged) | (logged == 0))
    if len(names) == MAX_SCORED_CLASSES:
        broken &= logged <= MAX_SCORED_CLASSES
    count(found, ("probabilities", "range"), broken)
    return Scores(names, values if usable.all() else np.where(usable, values, np.nan))


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else _NOTHING
