"""Predictions and ground truth that are lists: ranked items, or all classes that apply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from exporter.list_column import ListColumn
from exporter.parsing.checks import classes_of
from exporter.records import Mask

LIST_TASKS = ("ranking", "multilabel")
"""Values of `task` for which a prediction is a list."""

_SCALARS = frozenset({str, int, float, bool})


def lists_of(raw: Sequence[Any]) -> tuple[ListColumn | None, Mask]:
    """Return the lists of a column, and bool[n], which values are no list of classes.

    A single class stands for a list of one. What a list repeats, and empty texts, are left out.
    The column is ``None`` if no record has a list.
    """
    logged = [() if value is None else value if type(value) is list else (value,) for value in raw]
    present = np.array([value is not None for value in raw], dtype=bool)
    unusable = np.zeros(len(raw), dtype=bool)
    kinds = set(map(type, chain.from_iterable(logged)))
    if not kinds <= _SCALARS or float in kinds:
        for position, values in enumerate(logged):
            if not all(map(_is_class, values)):
                logged[position] = ()
                unusable[position] = True
    present &= ~unusable
    if not present.any():
        return None, unusable
    classes = classes_of(list(chain.from_iterable(logged)))
    rows = np.repeat(np.arange(len(logged)), list(map(len, logged)))
    codes = classes.codes
    # The first of equal ones within a list, in the order of the lists.
    _, first = np.unique(rows * (len(classes.values) + 1) + codes, return_index=True)
    first = np.sort(first[codes[first] >= 0])
    lengths = np.bincount(rows[first], minlength=len(logged))
    starts = np.concatenate(([0], np.cumsum(lengths)))
    return ListColumn(present, starts, codes[first], classes.values), unusable


def _is_class(value: Any) -> bool:
    return type(value) in _SCALARS and not (isinstance(value, float) and not math.isfinite(value))
