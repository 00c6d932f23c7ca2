"""Builds the columns of a reference from a stream of predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.density.profile import DensityProfile
from exporter.density.reference import DensityReference
from exporter.drift import autocorrelation
from exporter.drift.attributions import AttributionProfile
from exporter.drift.autocorrelation import LONGEST
from exporter.drift.columns import (
    CONFIDENCE,
    INPUT_LENGTH,
    MAX_CATEGORY_LENGTH,
    PREDICTION,
    CategoricalColumn,
    Column,
    Kind,
    NumericColumn,
    column_name,
)
from exporter.drift.embedding import EmbeddingProfile, EmbeddingReference
from exporter.drift.numeric_profile import in_order, numeric_column
from exporter.drift.observations import successful
from exporter.drift.reservoir import Reservoir
from exporter.drift.seasonal.profile import Hours, SeasonalAccumulator
from exporter.drift.seasonal.reference import SeasonalColumn, SeasonalReference
from exporter.drift.seasonal.season import Season
from exporter.estimation import bagging
from exporter.estimation.calibrating import Calibrating
from exporter.estimation.expected_error import ExpectedError
from exporter.estimation.labelled_sample import LabelledSample
from exporter.estimation.reliability import Reliability
from exporter.records import Categorical, FeatureColumn, Floats, RecordBatch

MAX_VALUES = 1_000_000
"""Of more numbers than these a column keeps a uniform sample."""

MAX_COLUMNS = 2_000
"""Features beyond these are left out, and named."""

MAX_CATEGORIES = 50
"""The most frequent categories get a cell each, all others share one."""

SAMPLE_SIZE = 10_000
_MAX_COUNTED_CATEGORIES = 10_000
_NUMBERS = {int, float, type(None)}


class Profile:
    """Accumulates predictions; memory is bounded by columns and values, not by records.

    Parameters
    ----------
    kinds
        Kind of a column where it is known beforehand. Else a column is numeric if more of its
        values are numbers than texts and booleans; the other values then count as missing.
    positive
        The positive class of a model of two, where it is configured.
    season
        Of which each column is counted by hour or day as well.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind] | None = None,
        positive: str | None = None,
        season: Season | None = None,
    ) -> None:
        self.records = 0
        """Predictions seen: attempts that did not fail."""
        self.left_out: set[str] = set()
        """Some of the features that were one too many."""
        self.first_timestamp: float | None = None
        self.last_timestamp: float | None = None
        self.versions: Counter[str] = Counter()
        """Predictions by the model's version."""
        self._calibrating = Calibrating(positive)
        self._labelled = LabelledSample(kinds)
        self._attributions = AttributionProfile()
        self._embedding = EmbeddingProfile()
        self._density = DensityProfile()
        self._season = season
        self._hours = None if season is None else Hours(season)
        self._kinds = dict(kinds or {})
        self._columns: dict[str, _Accumulator] = {}

    def add(self, batch: RecordBatch) -> None:
        """Add the predictions of a batch."""
        batch = batch.take(successful(batch))
        if not len(batch):
            return
        self.records += len(batch)
        self._calibrating.add(batch)
        self._labelled.add(batch)
        self._attributions.add(batch)
        self._embedding.add(batch)
        self._density.add(batch)
        self._note_origin(batch)
        hours = None if self._season is None else self._season.hours(batch.timestamp)
        if hours is not None and self._hours is not None:
            self._hours.add(hours)
        for feature, values in batch.features.items():
            name = column_name(feature)
            if name in self._columns or len(self._columns) < MAX_COLUMNS:
                self._add_feature(name, values, hours)
            elif len(self.left_out) < MAX_COLUMNS:
                self.left_out.add(feature)
        self._add(CONFIDENCE, hours, numbers=batch.confidence)
        if INPUT_LENGTH in batch.numbers:
            self._add(INPUT_LENGTH, hours, numbers=batch.numbers[INPUT_LENGTH])
        self._add(PREDICTION, hours, numbers=batch.prediction_value, classes=batch.prediction)

    def columns(self) -> tuple[Column, ...]:
        """Return the finished columns that hold any value, in order of their names."""
        return tuple(
            self._columns[name].finish(name, self.records, self._kinds.get(name))
            for name in sorted(self._columns)
            if self._columns[name].seen
        )

    def seasonal(self, columns: Sequence[Column]) -> SeasonalReference | None:
        """Return the columns by season; ``None`` without a season, or if no record has a time.

        Parameters
        ----------
        columns
            What `columns` returned.
        """
        if self._season is None or self._hours is None or self.first_timestamp is None:
            return None
        records, hours = self._hours.finish()
        found = {column.name: self._columns[column.name].seasonal(column) for column in columns}
        return SeasonalReference(self._season, records, hours, found)

    def attributions(self) -> tuple[NumericColumn, ...]:
        """Return the absolute attributions of each feature that has any."""
        return self._attributions.finish()

    def embedding(self) -> EmbeddingReference | None:
        """Return the projections of the embeddings, if there are any."""
        return self._embedding.finish(self.records)

    def density(
        self, columns: Sequence[Column], *, ordered: bool = True
    ) -> tuple[DensityReference, ...]:
        """Return how dense features and embeddings are, where there are enough.

        Parameters
        ----------
        columns
            What `columns` returned.
        ordered
            Whether the records were in the order of time.
        """
        return self._density.finish(columns, ordered=ordered)

    def reliability(self) -> Reliability | None:
        """Return how often predictions of each confidence were right, if enough had a label."""
        return self._calibrating.finish()

    def expected_error(self, columns: Sequence[Column]) -> ExpectedError | None:
        """Return how large errors are to be expected, if enough predictions had a label.

        Parameters
        ----------
        columns
            What `columns` returned.
        """
        return bagging.learn(self._labelled, columns)

    def _note_origin(self, batch: RecordBatch) -> None:
        dated = batch.timestamp[~np.isnan(batch.timestamp)]
        if dated.size:
            first, last = float(dated.min()), float(dated.max())
            if self.first_timestamp is None or self.last_timestamp is None:
                self.first_timestamp, self.last_timestamp = first, last
            self.first_timestamp = min(self.first_timestamp, first)
            self.last_timestamp = max(self.last_timestamp, last)
        self.versions.update(version for version in batch.version.decode() if version)

    def _add_feature(self, name: str, values: FeatureColumn, hours: Floats | None) -> None:
        kind = self._kinds.get(name)
        types = set(map(type, values.raw))
        if kind == "numeric" or (kind is None and types <= _NUMBERS):
            self._add(name, hours, numbers=values.numeric())
        elif kind == "categorical" or not types & {int, float}:
            self._add(name, hours, classes=values.categorical())
        else:
            texts = FeatureColumn([_text_or_none(value) for value in values.raw])
            self._add(name, hours, numbers=values.numeric(), classes=texts.categorical())

    def _add(
        self,
        name: str,
        hours: Floats | None,
        numbers: Floats | None = None,
        classes: Categorical | None = None,
    ) -> None:
        if name not in self._columns:
            self._columns[name] = _Accumulator(self._season)
        accumulator = self._columns[name]
        if numbers is not None:
            accumulator.add_numbers(numbers, hours)
        if classes is not None:
            accumulator.add_classes(classes, hours)


class _Accumulator:
    """One column while it is read: its numbers and its classes, since either may win."""

    def __init__(self, season: Season | None) -> None:
        self._numbers = Reservoir(MAX_VALUES, head=LONGEST)
        self._seasonal = None if season is None else SeasonalAccumulator(season, MAX_VALUES)
        self._classes: Counter[str] = Counter()
        self._first: list[Categorical] = []
        self._first_seen = 0
        self._uncounted = 0

    @property
    def seen(self) -> int:
        return self._numbers.seen + self._classes_seen

    @property
    def _classes_seen(self) -> int:
        return self._classes.total() + self._uncounted

    def add_numbers(self, values: Floats, hours: Floats | None) -> None:
        finite = np.isfinite(values)
        self._numbers.add(values[finite])
        if self._seasonal is not None and hours is not None:
            self._seasonal.add_numbers(hours[finite])

    def add_classes(self, column: Categorical, hours: Floats | None) -> None:
        if self._seasonal is not None and hours is not None:
            self._seasonal.add_classes(column, hours)
        if self._first_seen < LONGEST:
            self._first.append(column)
            self._first_seen += len(column.codes)
        frequency = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
        for value, times in zip(column.values, frequency.tolist(), strict=True):
            category = value[:MAX_CATEGORY_LENGTH]
            if category in self._classes or len(self._classes) < _MAX_COUNTED_CATEGORIES:
                self._classes[category] += times
            else:
                self._uncounted += times

    def finish(self, name: str, rows: int, kind: Kind | None) -> Column:
        if kind is None:
            kind = "numeric" if self._numbers.seen >= self._classes_seen else "categorical"
        if kind == "numeric":
            sorted_ = np.sort(self._numbers.values)
            column = numeric_column(name, rows, rows - self._numbers.seen, sorted_, SAMPLE_SIZE)
            return in_order(column, self._numbers.head)
        return self._categorical(name, rows)

    def seasonal(self, column: Column) -> SeasonalColumn:
        """Return the seasons of what :meth:`finish` returned."""
        if self._seasonal is None:
            raise ValueError("no seasons were counted")
        if isinstance(column, NumericColumn):
            return self._seasonal.of_numbers(column, self._numbers)
        return self._seasonal.of_classes(column)

    def _categorical(self, name: str, rows: int) -> CategoricalColumn:
        # Equal counts are ordered by name, so that equal content gives an equal file.
        ranked = sorted(self._classes.items(), key=lambda item: (-item[1], item[0]))
        top = [(category, times) for category, times in ranked[:MAX_CATEGORIES] if times]
        seen = self._classes_seen
        counts = [times for _, times in top]
        return CategoricalColumn(
            name=name,
            rows=rows,
            missing=rows - seen,
            categories=tuple(category for category, _ in top),
            counts=np.array([*counts, seen - sum(counts)], dtype=np.int64),
            tau=autocorrelation.of_categories(self._first_codes()),
        )

    def _first_codes(self) -> NDArray[np.int64]:
        """Return int64[n], numbers of the first categories, in their order."""
        numbers: dict[str, int] = {}
        found = [np.zeros(0, dtype=np.int64)]
        for column in self._first:
            own = [numbers.setdefault(value, len(numbers)) for value in column.values]
            found.append(np.array([*own, -1], dtype=np.int64)[column.codes])
        return np.concatenate(found)[:LONGEST]


def _text_or_none(value: Any) -> Any:
    return value if isinstance(value, str | bool) else None
