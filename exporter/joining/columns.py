"""Columns of events that wait for each other: selected, joined end to end, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.joining.keys import Keys
from exporter.list_column import ListColumn
from exporter.records import Categorical, FeatureColumn, Floats, RecordBatch, Scores

NUMBERS = ("threshold", "prediction_lower", "prediction_upper")
"""The optional numbers that figures of performance need."""


@dataclass(frozen=True)
class Columns:
    """What is remembered of n events.

    Attributes
    ----------
    keys
        uint64[n], of the request ids.
    time
        float64[n], event time in Unix seconds.
    value, confidence
        float64[n], NaN where absent. `value` is the predicted or the actual number.
    classes
        Text columns by name: ``version`` and ``prediction``, or ``label``.
    scores
        Probabilities by class, or ``None``.
    numbers, slices
        Further numbers, and the slices of each event, by name.
    lists
        Predictions or ground truth that are lists, or ``None``.
    """

    keys: Keys
    time: Floats
    value: Floats
    confidence: Floats
    classes: Mapping[str, Categorical]
    scores: Scores | None
    numbers: Mapping[str, Floats]
    slices: Mapping[str, FeatureColumn]
    lists: ListColumn | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of_predictions(cls, batch: RecordBatch, keys: Keys, slices: Sequence[str]) -> Columns:
        """Return what performance monitors need of predictions."""
        sliced = {name: batch.sliced(name) for name in slices}
        return cls(
            keys,
            batch.event_time,
            batch.prediction_value,
            batch.confidence,
            {"version": batch.version, "prediction": batch.prediction},
            batch.scores,
            {name: batch.numbers[name] for name in NUMBERS if name in batch.numbers},
            {name: column for name, column in sliced.items() if column is not None},
            batch.prediction_lists,
        )

    @classmethod
    def of_keys(cls, keys: Keys, time: Floats) -> Columns:
        """Return predictions of which nothing but that they were there is needed."""
        absent, nothing = np.full(len(keys), np.nan), Categorical.empty(len(keys))
        classes = {"version": nothing, "prediction": nothing}
        return cls(keys, time, absent, absent, classes, None, {}, {})

    @classmethod
    def of_labels(cls, batch: RecordBatch, keys: Keys) -> Columns:
        """Return what is needed of ground truth."""
        absent = np.full(len(batch), np.nan)
        classes, lists = {"label": batch.label}, batch.label_lists
        return cls(keys, batch.event_time, batch.label_value, absent, classes, None, {}, {}, lists)

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Select events."""
        return Columns(
            self.keys[rows],
            self.time[rows],
            self.value[rows],
            self.confidence[rows],
            {name: column.take(rows) for name, column in self.classes.items()},
            None if self.scores is None else self.scores.take(rows),
            {name: column[rows] for name, column in self.numbers.items()},
            {name: column.take(rows) for name, column in self.slices.items()},
            None if self.lists is None else self.lists.take(rows),
        )

    def dump(self) -> dict[str, Any]:
        """Return the columns for storage; whatever nobody has is left out."""
        stored: dict[str, Any] = {
            "keys": self.keys,
            "time": self.time,
            "classes": {name: _stored(column) for name, column in self.classes.items()},
            "numbers": dict(self.numbers),
            "slices": {name: list(column.raw) for name, column in self.slices.items()},
        }
        own = {"value": self.value, "confidence": self.confidence}
        stored |= {name: each for name, each in own.items() if not np.isnan(each).all()}
        if self.scores is not None:
            stored["scores"] = {"classes": list(self.scores.classes), "values": self.scores.values}
        if self.lists is not None and self.lists.present.any():
            stored["lists"] = asdict(self.lists.compact())
        return stored

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Columns:
        """Return what :meth:`dump` stored."""
        absent = np.full(len(stored["keys"]), np.nan)
        scores, lists = stored.get("scores"), stored.get("lists")
        return cls(
            stored["keys"],
            stored["time"],
            stored.get("value", absent),
            stored.get("confidence", absent),
            {
                name: Categorical(column["codes"].astype(np.int32), tuple(column["values"]))
                for name, column in stored["classes"].items()
            },
            None if scores is None else Scores(tuple(scores["classes"]), scores["values"]),
            stored["numbers"],
            {name: FeatureColumn(raw) for name, raw in stored["slices"].items()},
            None if lists is None else ListColumn(**{**lists, "values": tuple(lists["values"])}),
        )


def concatenate(parts: Sequence[Columns]) -> Columns:
    """Return the events of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    lengths = [len(part) for part in parts]
    numbers = dict.fromkeys(name for part in parts for name in part.numbers)
    slices = dict.fromkeys(name for part in parts for name in part.slices)
    return Columns(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        {name: _text([part.classes[name] for part in parts]) for name in parts[0].classes},
        _scores(parts),
        {
            name: np.concatenate(
                [part.numbers.get(name, np.full(len(part), np.nan)) for part in parts]
            )
            for name in numbers
        },
        {
            name: FeatureColumn(
                [
                    value
                    for part, length in zip(parts, lengths, strict=True)
                    for value in (part.slices[name].raw if name in part.slices else [None] * length)
                ]
            )
            for name in slices
        },
        _lists(parts),
    )


def _text(columns: Sequence[Categorical]) -> Categorical:
    values = dict.fromkeys(value for column in columns for value in column.values)
    position = {value: code for code, value in enumerate(values)}
    codes = [
        # One more cell at the end is what the code -1 finds.
        np.array([*map(position.__getitem__, column.values), -1], dtype=np.int32)[column.codes]
        for column in columns
    ]
    return Categorical(np.concatenate(codes), tuple(values))


def _scores(parts: Sequence[Columns]) -> Scores | None:
    classes = tuple(
        dict.fromkeys(name for part in parts if part.scores for name in part.scores.classes)
    )
    if not classes:
        return None
    empty = [Scores((), np.empty((len(part), 0))) for part in parts]
    values = [
        np.column_stack([(part.scores or none).of(name) for name in classes])
        for part, none in zip(parts, empty, strict=True)
    ]
    return Scores(classes, np.concatenate(values))


def _lists(parts: Sequence[Columns]) -> ListColumn | None:
    if all(part.lists is None for part in parts):
        return None
    return ListColumn.joined(
        [ListColumn.absent(len(part)) if part.lists is None else part.lists for part in parts]
    )


def _stored(column: Categorical) -> dict[str, Any]:
    """Return a text column with the values that occur in it, and codes as narrow as these allow."""
    used = np.unique(column.codes[column.codes >= 0])
    position = np.full(len(column.values) + 1, -1)
    position[used] = np.arange(len(used))
    codes = position[column.codes].astype(np.min_scalar_type(-max(1, len(used))))
    return {"codes": codes, "values": [column.values[code] for code in used.tolist()]}
