"""Decoded values to the columns of a :class:`RecordBatch`, with the rules that they must keep.

A field that breaks a rule is dropped and counted as a violation; its record still counts. A
record that holds nothing to measure, or whose prediction is no class and no number, is invalid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from exporter.list_column import ListColumn
from exporter.parsing import optional_columns
from exporter.parsing.checks import all_absent, classes_of, count, numbers_of, present, within
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.fields import CONTEXT_FIELDS, EMBEDDING, NO_ATTEMPT_FIELDS
from exporter.parsing.list_columns import LIST_TASKS, lists_of
from exporter.parsing.timestamps import unix_seconds
from exporter.parsing.withheld import NOTHING, Withheld
from exporter.records import (
    Categorical,
    FeatureColumn,
    Floats,
    Mask,
    RecordBatch,
    Scores,
    distinct_values,
)

UNKNOWN_ERROR = "unknown"
_LATENCY_UNITS = {"latency_ms": 1e-3, "latency_s": 1.0, "latency_us": 1e-6}
MAX_LATENCY_SECONDS = 1e9
"""A longer one (32 years) is no latency, and would spoil the sum of all others for good."""
_TEXT = frozenset({str, type(None)})
_SCALARS = frozenset({str, int, float, bool, type(None)})
_INFINITE = (float("inf"), float("-inf"))


class Columns:
    """Builds batches.

    Parameters
    ----------
    task
        ``classification``: predictions are classes; ``regression``: numbers; ``ranking`` and
        ``multilabel``: lists of classes, and so is the ground truth; ``auto``: a fractional JSON
        number without confidence and probabilities is a number, the rest classes.
    fields
        Names of the columns; `error` may be left out.
    every
        Whether each record is an attempt, whatever it holds: a row of a table.
    embeddings
        Reads the field `embedding`, if it is among `fields`.
    withheld
        Takes out what nobody is to know.
    """

    def __init__(
        self,
        task: str,
        fields: Sequence[str],
        *,
        every: bool = False,
        embeddings: Embeddings | None = None,
        withheld: Withheld = NOTHING,
    ) -> None:
        self._task = task
        self._fields = tuple(fields)
        self._every = every
        self._embeddings = embeddings or Embeddings()
        self._withheld = withheld

    def batch(
        self,
        columns: Sequence[Sequence[Any] | None],
        features: Mapping[str, Sequence[Any]],
        received: float,
        violations: Counter[tuple[str, str]],
    ) -> RecordBatch:
        """Build a batch of the usable records.

        Parameters
        ----------
        columns
            One column of decoded values for each of `fields`, all of the same length; ``None`` for
            an optional field that no record holds.
        features
            One column for each wanted feature, as long as the others.
        violations
            Violations found while decoding; those found here are added.
        """
        column = {
            field: values if isinstance(values, list) else list(values)
            for field, values in zip(self._fields, columns, strict=True)
            if values is not None
        }
        found = Counter(violations)
        invalid: Counter[str] = Counter()

        timestamp = unix_seconds(column["timestamp"])
        unknown = np.isnan(timestamp)
        if unknown.any():
            count(found, ("timestamp", "format"), unknown & present(column["timestamp"]))

        scores = optional_columns.scores(column.get("probabilities", ()), found)
        confidence = numbers_of(column["confidence"])
        confidence = within(confidence, 0.0, 1.0, "confidence", found, column["confidence"])
        if scores is not None:
            confidence = np.where(np.isnan(confidence), scores.highest, confidence)
        latency = self._latency(column, found)

        prediction_lists, label_lists, no_lists = self._lists(column, found)
        unusable, prediction, prediction_value, numeric = self._outcome(column, scores, found)
        unusable |= no_lists
        if unusable.any():
            invalid["prediction"] += int(unusable.sum())
        label, label_value = _truth(column["true_label"], numeric, found)

        nothing = [None] * len(timestamp)
        kinds = column.get("error_type", nothing)
        failed = _truthy(column.get("error", nothing)) | _truthy(kinds)
        error_type = _error_types(kinds, failed)
        attempt = (
            failed
            | (prediction.codes >= 0)
            | ~np.isnan(prediction_value)
            | ~np.isnan(confidence)
            | ~np.isnan(latency)
        )
        labelled = (label.codes >= 0) | ~np.isnan(label_value)
        if prediction_lists is not None:
            attempt |= prediction_lists.present
        if label_lists is not None:
            labelled |= label_lists.present
        numbers = optional_columns.numbers(column, found)
        classes = optional_columns.classes(column)
        # A ground truth may come with a cost of its own.
        attempt |= _measured(numbers, classes, len(timestamp)) & ~labelled
        attempt |= self._every
        empty = ~unusable & ~attempt & ~labelled & _without(column, NO_ATTEMPT_FIELDS)
        if empty.any():
            invalid["nothing_to_measure"] += int(empty.sum())
        whole = RecordBatch(
            received=received,
            timestamp=timestamp,
            version=classes_of(column["model_version"]),
            attempt=attempt,
            failed=failed,
            error_type=error_type,
            prediction=prediction,
            prediction_value=prediction_value,
            label=label,
            label_value=label_value,
            confidence=confidence,
            latency=latency,
            features={name: FeatureColumn(raw) for name, raw in features.items()},
            request_id=optional_columns.request_ids(column.get("request_id", ()), found),
            scores=scores,
            prediction_lists=prediction_lists,
            label_lists=label_lists,
            embedding=self._embeddings.of(column.get(EMBEDDING, ()), found),
            numbers=numbers,
            classes=classes,
            maps=optional_columns.maps(column),
            event_time=timestamp,
            invalid=invalid,
            violations=found,
        )
        whole = self._withheld.without(whole)
        kept = ~unusable & ~empty
        if kept.all():
            return whole
        selected = whole.take(np.flatnonzero(kept))
        return replace(selected, invalid=invalid, violations=found)

    def _lists(
        self, column: dict[str, list[Any]], found: Counter[tuple[str, str]]
    ) -> tuple[ListColumn | None, ListColumn | None, Mask]:
        """Take predictions and labels out of `column` where the task's are lists.

        The mask tells which predictions are no lists then.
        """
        length = len(column["timestamp"])
        if self._task not in LIST_TASKS:
            return None, None, np.zeros(length, dtype=bool)
        predictions, no_lists = lists_of(column["prediction"])
        labels, no_labels = lists_of(column["true_label"])
        count(found, ("true_label", "type"), no_labels)
        column |= dict.fromkeys(("prediction", "true_label"), [None] * length)
        return predictions, labels, no_lists

    def _latency(self, column: Mapping[str, list[Any]], found: Counter[tuple[str, str]]) -> Floats:
        latency = np.full(len(column["timestamp"]), np.nan)
        for field, unit in _LATENCY_UNITS.items():
            raw = column.get(field, ())
            if all_absent(raw):
                continue
            seconds = within(numbers_of(raw) * unit, 0.0, MAX_LATENCY_SECONDS, field, found, raw)
            latency = np.where(np.isnan(latency), seconds, latency)
        return latency

    def _outcome(
        self,
        column: Mapping[str, list[Any]],
        scores: Scores | None,
        found: Counter[tuple[str, str]],
    ) -> tuple[Mask, Categorical, Floats, Mask]:
        """Return which predictions are unusable, and the others as classes and as numbers.

        The last mask tells which are numbers, usable or not.
        """
        raw = column["prediction"]
        none, all_ = np.zeros(len(raw), dtype=bool), np.ones(len(raw), dtype=bool)
        no_values = np.full(len(raw), np.nan)
        texts = _text_values(raw)
        if texts is not None and self._task != "regression":
            return none, classes_of(raw, texts), no_values, none
        unusable = _blank_non_scalars(raw)
        if self._task == "regression":
            values = _values(raw, all_, "prediction", found)
            return unusable, Categorical.empty(len(raw)), values, all_
        if self._task == "classification" or float not in set(map(type, raw)):
            return unusable, classes_of(raw), no_values, none
        # A score that was dropped for breaking a rule still tells a class from a number.
        numeric = np.array([type(value) is float for value in raw], dtype=bool)
        numeric &= ~present(column["confidence"])
        if scores is not None:
            numeric &= ~present(column["probabilities"])
        values = _values(raw, numeric, "prediction", found)
        return unusable, classes_of(_masked(raw, ~numeric)), values, numeric


def _truth(
    raw: list[Any], numeric: Mask, found: Counter[tuple[str, str]]
) -> tuple[Categorical, Floats]:
    """Return the labels as classes and, where the prediction is a number, as numbers."""
    texts = _text_values(raw)
    if texts is None:
        count(found, ("true_label", "type"), _blank_non_scalars(raw))
    if not numeric.any():
        return classes_of(raw, texts), np.full(len(raw), np.nan)
    return classes_of(_masked(raw, ~numeric)), _values(raw, numeric, "true_label", found)


def _values(raw: list[Any], numeric: Mask, field: str, found: Counter[tuple[str, str]]) -> Floats:
    """Return the numbers of the rows in `numeric`; what is no number there is counted."""
    values = np.where(numeric, FeatureColumn(raw).numeric(), np.nan)
    count(found, (field, "type"), numeric & np.isnan(values) & present(raw))
    return values


def _error_types(raw: Sequence[Any], failed: Mask) -> Categorical:
    if not failed.any():
        return Categorical.empty(len(raw))
    return classes_of(
        [
            (kind or UNKNOWN_ERROR) if bad else None
            for kind, bad in zip(raw, failed.tolist(), strict=True)
        ]
    )


def _masked(raw: Sequence[Any], keep: Mask) -> list[Any]:
    return [value if kept else None for value, kept in zip(raw, keep.tolist(), strict=True)]


def _truthy(raw: Sequence[Any]) -> Mask:
    if all_absent(raw):
        return np.zeros(len(raw), dtype=bool)
    return np.array([bool(value) for value in raw], dtype=bool)


def _text_values(raw: list[Any]) -> dict[Any, Any] | None:
    """Return the distinct values of a column of texts and ``None``; ``None`` for any other."""
    try:
        distinct = distinct_values(raw)
    except TypeError:
        return None
    # Text is equal to nothing but text; a number can hide behind an equal one of another kind.
    return distinct if set(map(type, distinct)) <= _TEXT else None


def _blank_non_scalars(raw: list[Any]) -> Mask:
    """Replace what is no class and no number by ``None``; return which were replaced."""
    replaced = np.zeros(len(raw), dtype=bool)
    kinds = set(map(type, raw))
    if not kinds <= _SCALARS or float in kinds:
        for position, value in enumerate(raw):
            # NaN is the one value that differs from itself; infinity is no outcome either.
            if type(value) not in _SCALARS or value != value or value in _INFINITE:  # noqa: PLR0124
                raw[position] = None
                replaced[position] = True
    return replaced


def _without(column: Mapping[str, Sequence[Any]], fields: Collection[str]) -> Mask:
    """Return which records hold none of some fields."""
    without = np.ones(len(column["timestamp"]), dtype=bool)
    for field in fields:
        if field in column:
            without &= ~present(column[field])
    return without


def _measured(
    numbers: Mapping[str, Floats], classes: Mapping[str, Categorical], length: int
) -> Mask:
    """Return which records hold an optional field that is worth a record of its own."""
    measured = np.zeros(length, dtype=bool)
    for field, values in numbers.items():
        if field not in CONTEXT_FIELDS:
            measured |= ~np.isnan(values)
    for field, column in classes.items():
        if field not in CONTEXT_FIELDS:
            measured |= column.codes >= 0
    return measured
