"""Rules that the predictions of a reference keep, as YAML for people to edit.

A rule is only inferred where the reference is evidence for it:

- *required*: of n predictions none lacks the field, n at least :data:`MIN_ROWS`. The share that
  lacks it is then below 3/n with 95 percent confidence (the rule of three: Hanley, Lippman-Hand
  1983, If nothing goes wrong, is everything all right?, JAMA 249(13)).
- *allowed*: at most :data:`FEW_CATEGORIES`, each seen more than once. The chance that the next one
  is new is then estimated as 0 (Good 1953, The population frequencies of species and the estimation
  of population parameters, Biometrika 40).
- *min*, *max*: the range observed, widened by :data:`MARGIN` of itself on either side, rounded
  outward to two digits; what was never below 0, or never above it, may not be so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import yaml

from exporter.drift.columns import (
    CONFIDENCE,
    MAX_CATEGORY_LENGTH,
    NO_FEATURES,
    CategoricalColumn,
    Column,
    NumericColumn,
    feature_name,
)
from exporter.drift.reference import Reference
from exporter.parsing.fields import FEATURES

MIN_ROWS = 300
FEW_CATEGORIES = 20
MARGIN = 0.5
_LARGEST_WHOLE = 2.0**53

Settings = dict[str, Any]
"""Rules of a field, as :class:`exporter.config.rules.FieldRules` takes them."""


def inferred(reference: Reference) -> dict[str, Settings]:
    """Return the rules by field, in order of the columns; none for a field without any."""
    rules = {}
    for column in reference.columns:
        settings = dict(_of_column(column))
        path = _path(column)
        if settings and path is not None:
            rules[path] = settings
    return rules


def as_yaml(reference: Reference) -> str:
    """Return the rules as a file that `rules: {include: FILE}` takes, with what was observed."""
    rules = inferred(reference)
    lines = [
        f"# What the predictions of reference {reference.label} were like. Edit it: what you know",
        "# of a field is worth more than what was seen of it. The keys: docs/data-quality.md.",
        "fields:" if rules else "fields: {}",
    ]
    for column in reference.columns:
        path = _path(column)
        if path in rules:
            lines.append(f"  {_flow(path)}: {_flow(rules[path])}  # {_observed(column)}")
    return "\n".join(lines) + "\n"


def _path(column: Column) -> str | None:
    if column.name in NO_FEATURES:
        return column.name
    name = feature_name(column.name)
    return f"{FEATURES}.{name}" if name else None


def _of_column(column: Column) -> Iterator[tuple[str, Any]]:
    if isinstance(column, CategoricalColumn):
        yield from _of_categories(column)
    elif column.name != CONFIDENCE:
        # What a confidence may be the parser knows.
        yield from _of_numbers(column)
    if not column.missing and column.rows >= MIN_ROWS:
        yield "required", True


def _of_categories(column: CategoricalColumn) -> Iterator[tuple[str, Any]]:
    *counts, others = column.counts.tolist()
    # The reference cuts long ones.
    known = all(len(category) < MAX_CATEGORY_LENGTH for category in column.categories)
    few = 0 < len(counts) <= FEW_CATEGORIES and not others and known
    if few and column.n >= MIN_ROWS and min(counts) > 1:
        yield "allowed", sorted(column.categories)
    elif column.name not in NO_FEATURES and not any(map(_may_be_no_text, column.categories)):
        yield "type", "text"


def _of_numbers(column: NumericColumn) -> Iterator[tuple[str, Any]]:
    low, high = column.moments.minimum, column.moments.maximum
    if low is None or high is None:
        return
    seen = np.array([low, high, *column.sample])
    whole = bool((seen == np.floor(seen)).all() and np.abs(seen).max() < _LARGEST_WHOLE)
    if column.name not in NO_FEATURES:
        yield "type", "integer" if whole else "number"
    span = high - low
    if column.n < MIN_ROWS or not 0 < span < math.inf:
        # Of a single value there is no telling how far others may be.
        return
    step = 10.0 ** (math.floor(math.log10(span)) - 1)
    if whole:
        step = max(step, 1.0)
    least = math.floor((low - MARGIN * span) / step) * step
    greatest = math.ceil((high + MARGIN * span) / step) * step
    if math.isfinite(least) and math.isfinite(greatest):
        yield "min", _plain(max(least, 0.0) if low >= 0 else least)
        yield "max", _plain(min(greatest, 0.0) if high <= 0 else greatest)


def _may_be_no_text(category: str) -> bool:
    try:
        float(category)
    except ValueError:
        return category in ("true", "false")
    return True


def _plain(number: float) -> float | int:
    """Return a number without the noise of binary fractions, as a whole one if it is."""
    short = float(f"{number:.12g}")
    return int(short) if short.is_integer() and abs(short) < _LARGEST_WHOLE else short


def _observed(column: Column) -> str:
    parts = []
    if isinstance(column, NumericColumn) and column.moments.minimum is not None:
        parts.append(f"{column.moments.minimum:.6g} to {column.moments.maximum:.6g}")
    if isinstance(column, CategoricalColumn):
        more = "more than " if column.counts[-1] else ""
        number = len(column.categories)
        parts.append(f"{more}{number} categor{'y' if number == 1 else 'ies'}")
    if column.missing:
        parts.append(f"{column.missing / column.rows:.2%} missing")
    return ", ".join(parts) or "never missing"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")
