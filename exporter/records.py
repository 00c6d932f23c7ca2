"""Columns: what parsing hands to the monitors.

A batch holds many records as numpy arrays, one array a field, so that a monitor works on whole
columns. Text columns are dictionary-encoded per batch (:class:`Categorical`): a monitor maps the
few distinct values of a batch to its own bounded set of labels, never each record.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from exporter.list_column import ListColumn
from exporter.placement import Placement

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]

_BYTE_VALUES = 256


@dataclass(frozen=True, slots=True)
class Categorical:
    """A dictionary-encoded text column.

    Attributes
    ----------
    codes
        int32[n], an index into `values`; -1 where the record has no value.
    values
        The distinct values of this batch, in order of first appearance.
    """

    codes: Codes
    values: tuple[str, ...]

    @classmethod
    def encode(cls, column: Sequence[str | None]) -> Categorical:
        """Encode a column of strings; ``None`` becomes -1.

        >>> Categorical.encode(["a", None, "b", "a"]).codes.tolist()
        [0, -1, 1, 0]
        """
        distinct = distinct_values(column)
        return cls(_codes(column, distinct), tuple(distinct))

    @classmethod
    def of_classes(
        cls, column: Sequence[Any], distinct: dict[Any, Any] | None = None
    ) -> Categorical:
        """Encode a column of strings, numbers and booleans by their :func:`class_name`.

        Parameters
        ----------
        distinct
            ``dict.fromkeys(column)`` if it is there already; it is used up.

        Examples
        --------
        >>> Categorical.of_classes([1, None, True, 1]).values
        ('1', 'true')
        """
        if distinct is None:
            distinct = distinct_values(column)
        kinds = set(map(type, distinct)) - {type(None)}
        if not kinds <= {str}:
            # Other kinds can hide behind an equal key: 1, 1.0 and True are the same.
            kinds = set(map(type, column)) - {type(None)}
            if kinds not in ({int}, {bool}):
                return cls.encode(list(map(class_name, column)))
        codes = _codes(column, distinct)
        return cls(codes, tuple(str(class_name(value)) for value in distinct))

    @classmethod
    def empty(cls, length: int) -> Categorical:
        """Return a column of `length` records without a value."""
        return cls(np.full(length, -1, dtype=np.int32), ())

    def take(self, rows: NDArray[np.intp]) -> Categorical:
        """Select records; values that no longer occur stay in `values`."""
        return Categorical(self.codes[rows], self.values)

    def where(self, keep: Mask) -> Categorical:
        """Blank the records that `keep`, bool[n], leaves out."""
        return Categorical(np.where(keep, self.codes, np.int32(-1)), self.values)

    def decode(self) -> list[str | None]:
        """Return the column as strings (for tests and rare paths)."""
        return [None if code < 0 else self.values[code] for code in self.codes.tolist()]


@dataclass(frozen=True)
class FeatureColumn:
    """One logged input feature, as decoded: number, string, bool or ``None`` per record.

    The kind of a column is decided by the reference, not by a record, hence two views. Each is made
    once, however many monitors ask for it; nobody may write to it.
    """

    raw: Sequence[Any]

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types that occur."""
        return frozenset(map(type, self.raw))

    def numeric(self) -> Floats:
        """Return float64[n]; NaN for missing values and for anything that is not a number."""
        return self._numeric

    def categorical(self) -> Categorical:
        """Return the column as classes (see :func:`class_name`); NaN and infinity are missing."""
        return self._categorical

    @cached_property
    def _numeric(self) -> Floats:
        try:
            # Four times as fast as numpy. It takes a bool for a number, but nothing else.
            packed = struct.pack(f"{len(self.raw)}d", *self.raw)
        except (struct.error, OverflowError):
            pass
        else:
            numbers = np.frombuffer(packed)
            flags = np.flatnonzero((numbers == 0) | (numbers == 1)).tolist()
            if not any(self.raw[row].__class__ is bool for row in flags):
                return numbers
        if self.kinds <= {int, float, type(None)}:
            try:
                return np.array(self.raw, dtype=np.float64)
            except OverflowError:
                pass
        # Comparing types takes a third of the time of calling a function.
        known = [one if type(one) is float or type(one) is int else math.nan for one in self.raw]
        try:
            return np.array(known, dtype=np.float64)
        except OverflowError:
            return np.array([_number(value) for value in self.raw], dtype=np.float64)

    @cached_property
    def _categorical(self) -> Categorical:
        if float not in self.kinds:
            return Categorical.of_classes(self.raw)
        finite = [
            None if isinstance(value, float) and not math.isfinite(value) else value
            for value in self.raw
        ]
        return Categorical.of_classes(finite)

    def take(self, rows: NDArray[np.intp]) -> FeatureColumn:
        """Select records."""
        return FeatureColumn([self.raw[row] for row in rows.tolist()])


@dataclass(frozen=True)
class Scores:
    """The logged probability of each class.

    Attributes
    ----------
    classes
        Class names (see :func:`class_name`), in order of first appearance.
    values
        float64[n, classes] in 0..1, NaN where a record has none for the class.
    """

    classes: tuple[str, ...]
    values: Floats

    @cached_property
    def highest(self) -> Floats:
        """float64[n], the highest probability of a record, NaN where it has none."""
        # A maximum of -1 marks rows of nothing but NaN.
        highest = np.nan_to_num(self.values, nan=-1.0).max(axis=1, initial=-1.0)
        return np.where(highest < 0, np.nan, highest)

    def of(self, name: str) -> Floats:
        """Return float64[n], the probability of one class."""
        if name not in self.classes:
            return np.full(len(self.values), np.nan)
        column: Floats = self.values[:, self.classes.index(name)]
        return column

    def take(self, rows: NDArray[np.intp]) -> Scores:
        """Select records."""
        return Scores(self.classes, self.values[rows])


@dataclass(frozen=True)
class RecordBatch:
    """Decoded events of one model, in the order of their file.

    Every array has `length` records. Absent numbers are NaN, absent classes -1.

    Attributes
    ----------
    received
        Unix seconds at which the lines were first read.
    timestamp
        float64[n], the events' own Unix seconds, NaN where absent.
    event_time
        float64[n], the time used for windows; filled in by :mod:`exporter.event_time`.
    attempt
        bool[n], the record is a prediction or a failed one (not a mere ground-truth event).
    failed
        bool[n], the attempt ended in an error.
    prediction, label
        Class of the prediction and of the ground truth; -1 for numbers (regression).
    prediction_value, label_value
        float64[n], the same for regression, NaN for classes.
    confidence
        float64[n] in 0..1.
    latency
        float64[n], seconds, not negative.
    features
        Logged features that somebody asked the parser for, by name.
    request_id
        Identity of each request; ``None`` if the batch has none.
    scores
        Probabilities by class; ``None`` if the batch has none.
    numbers, classes, maps
        Optional fields that some record of the batch holds, by name
        (:mod:`exporter.parsing.fields`): numbers float64[n], NaN where absent, flags as 1 and 0;
        classes; and for each key of a map a column.
    prediction_lists, label_lists
        Predictions and ground truth that are lists (ranking, multilabel); ``None`` if the batch
        has none.
    embedding
        float32[n, d], NaN in rows without one; ``None`` if the batch has none, or nobody asked.
    joined
        Whether this is ground truth that came later, with what is remembered of its predictions:
        no record is an attempt, `event_time` and `placements` are the label's own.
    invalid
        Records that decoded but can't be used, by reason; they are in no column.
    violations
        Fields that broke a rule, by (field, rule); their record still counts.
    placements
        Where each record falls in each configured window; filled in by
        :mod:`exporter.event_time`.
    derived
        What one monitor has worked out of the batch and others need as well, by what it is.
    """

    received: float
    timestamp: Floats
    version: Categorical
    attempt: Mask
    failed: Mask
    error_type: Categorical
    prediction: Categorical
    prediction_value: Floats
    label: Categorical
    label_value: Floats
    confidence: Floats
    latency: Floats
    features: Mapping[str, FeatureColumn] = field(default_factory=dict)
    request_id: tuple[str | None, ...] | None = None
    scores: Scores | None = None
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    classes: Mapping[str, Categorical] = field(default_factory=dict)
    maps: Mapping[str, Mapping[str, FeatureColumn]] = field(default_factory=dict)
    prediction_lists: ListColumn | None = None
    label_lists: ListColumn | None = None
    embedding: NDArray[np.float32] | None = None
    joined: bool = False
    invalid: Counter[str] = field(default_factory=Counter)
    violations: Counter[tuple[str, str]] = field(default_factory=Counter)
    event_time: Floats = field(default_factory=lambda: np.empty(0))
    placements: tuple[Placement, ...] = ()
    derived: dict[object, NDArray[Any]] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def truth(self) -> Mask:
        """bool[n], the record holds a ground truth."""
        known = (self.label.codes >= 0) | ~np.isnan(self.label_value)
        return known if self.label_lists is None else known | self.label_lists.present

    @cached_property
    def identified(self) -> Mask:
        """bool[n], the record has a request id."""
        ids = self.request_id
        if ids is None:
            return np.zeros(len(self), dtype=bool)
        if None not in ids:
            return np.ones(len(self), dtype=bool)
        return np.fromiter((each is not None for each in ids), bool, len(ids))

    @cached_property
    def labelled(self) -> Mask:
        """bool[n], the record holds a prediction and its ground truth, of the same kind."""
        known = (self.label.codes >= 0) & (self.prediction.codes >= 0)
        known |= ~np.isnan(self.label_value) & ~np.isnan(self.prediction_value)
        if self.prediction_lists is not None and self.label_lists is not None:
            known |= self.prediction_lists.present & self.label_lists.present
        return known & ~self.failed & (self.attempt | self.joined)

    def sliced(self, name: str) -> FeatureColumn | None:
        """Return which part of a slice each record is in: as logged in `slice`, or a feature."""
        return self.maps.get("slice", {}).get(name) or self.features.get(name)

    @cached_property
    def right(self) -> Mask:
        """bool[n], the predicted class is the actual one."""
        return same(self.prediction, self.label)

    def take(self, rows: NDArray[np.intp]) -> RecordBatch:
        """Select records (ascending positions); the per-batch counts stay with the original."""
        ids = self.request_id
        return replace(
            self,
            timestamp=self.timestamp[rows],
            version=self.version.take(rows),
            attempt=self.attempt[rows],
            failed=self.failed[rows],
            error_type=self.error_type.take(rows),
            prediction=self.prediction.take(rows),
            prediction_value=self.prediction_value[rows],
            label=self.label.take(rows),
            label_value=self.label_value[rows],
            confidence=self.confidence[rows],
            latency=self.latency[rows],
            features={name: column.take(rows) for name, column in self.features.items()},
            request_id=None if ids is None else tuple(ids[row] for row in rows.tolist()),
            scores=None if self.scores is None else self.scores.take(rows),
            prediction_lists=_taken(self.prediction_lists, rows),
            label_lists=_taken(self.label_lists, rows),
            embedding=None if self.embedding is None else self.embedding[rows],
            numbers={name: values[rows] for name, values in self.numbers.items()},
            classes={name: column.take(rows) for name, column in self.classes.items()},
            maps={
                field: {name: column.take(rows) for name, column in columns.items()}
                for field, columns in self.maps.items()
            },
            invalid=Counter(),
            violations=Counter(),
            event_time=self.event_time[rows],
            placements=tuple(placement.take(rows) for placement in self.placements),
        )


@dataclass(frozen=True, slots=True)
class SyslogBatch:
    """Syslog messages of one source, in the order of their file.

    Attributes
    ----------
    source
        The configured name of the source.
    received
        Unix seconds at which the lines were first read.
    timestamp
        float64[n], Unix seconds; NaN where the line carries none.
    host
        The host that wrote the message, digits kept.
    tag
        The program: text up to the colon, without the process id.
    message
        The paper's message: tag and text with numeric values removed (Haque et al. 2017).
    variant
        The message with the numbers that make a difference (`exporter.parsing.syslog_kept`);
        ``None`` for the message itself.
    process
        int64[n], the process id; -1 where the line carries none. Empty if nobody asked.
    lines, rows
        The lines as they were read, and int[n], which of them each message is.
    event_time, placements
        As in :class:`RecordBatch`.
    """

    source: str
    received: float
    timestamp: Floats
    host: Categorical
    tag: Categorical
    message: Categorical
    variant: Categorical | None = None
    process: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    lines: Sequence[bytes] = ()
    rows: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    event_time: Floats = field(default_factory=lambda: np.empty(0))
    placements: tuple[Placement, ...] = ()

    def __len__(self) -> int:
        return len(self.timestamp)


Batch = TypeVar("Batch", bound=RecordBatch | SyslogBatch)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Batch]):
    """What became of a block of lines.

    The published identity ``read = parsed + rejected + skipped`` holds for every block.

    Attributes
    ----------
    parsed
        Lines that decoded, the invalid ones included.
    rejected, skipped
        Lines that could not be decoded, and lines that are not ours to count, by reason.
    examples
        For each reason of `rejected`, the position of the first such line among those parsed
        and what was wrong with it, for the log.
    """

    batch: Batch
    parsed: int
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    examples: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def distinct_values(column: Sequence[Any]) -> dict[Any, Any]:
    """Return the distinct values of a column as keys, in order of first appearance.

    Raises
    ------
    TypeError
        If a value can't be a key.
    """
    # Comparing with the first value is much faster than hashing, and a version hardly changes.
    if (
        isinstance(column, list)
        and column
        and column[0] == column[-1] == column[len(column) // 2]
        and column.count(column[0]) == len(column)
    ):
        return {column[0]: None}
    return dict.fromkeys(column)


def _codes(column: Sequence[Any], distinct: dict[Any, Any]) -> Codes:
    """Return the position of each value in `distinct`; ``None``, which is taken out, is -1."""
    if None not in distinct:
        if len(distinct) == 1:
            return np.zeros(len(column), dtype=np.int32)
        if len(distinct) <= _BYTE_VALUES:
            index = dict(zip(distinct, range(len(distinct)), strict=True))
            return np.frombuffer(bytes(map(index.__getitem__, column)), np.uint8).astype(np.int32)
    distinct.pop(None, None)
    index = dict(zip(distinct, range(len(distinct)), strict=True))
    index[None] = -1
    return np.fromiter(map(index.__getitem__, column), dtype=np.int32, count=len(column))


def or_empty(column: Categorical | None, length: int) -> Categorical:
    """Return a column of `length` records with the empty text where it has no value."""
    if column is None:
        return Categorical(np.zeros(length, dtype=np.int32), ("",))
    missing = np.int32(len(column.values))
    codes = np.where(column.codes < 0, missing, column.codes).astype(np.int32)
    return Categorical(codes, (*column.values, ""))


def same(one: Categorical, other: Categorical) -> Mask:
    """Return bool[n], both columns of n records have the same value; not where one has none."""
    position = {value: code for code, value in enumerate(one.values)}
    # One more cell at the end is what the code -1 of a missing value finds.
    translated = np.array(
        [*(position.get(value, -2) for value in other.values), -2], dtype=np.int64
    )
    matches: Mask = translated[other.codes] == one.codes
    return matches


def class_name(value: Hashable) -> str | None:
    """Return the label value of a class, the same for every way of writing it in JSON.

    >>> [class_name(value) for value in ("spam", True, 1, 1.0, 0.5, None)]
    ['spam', 'true', '1', '1', '0.5', None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _taken(column: ListColumn | None, rows: NDArray[np.intp]) -> ListColumn | None:
    return None if column is None else column.take(rows)


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("nan")
    return float("nan")
