"""Collects what density is learned of, while the predictions of a reference are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exporter.density import learning
from exporter.density.learning import CLASS, PREFIX, UNCERTAINTY
from exporter.density.reference import DensityReference
from exporter.density.row_sample import RowSample
from exporter.drift.columns import NO_FEATURES, Column, NumericColumn, column_name
from exporter.drift.projection import Projection, projected
from exporter.records import Floats, RecordBatch

_MAX_CLASSES = 1_000


class DensityProfile:
    """Samples the predictions of batches; the first embedding decides how long they are."""

    def __init__(self) -> None:
        self._features = RowSample()
        self._embeddings = RowSample()
        self._projection: Projection | None = None
        self._classes: dict[str, int] = {}

    def add(self, batch: RecordBatch) -> None:
        """Add predictions that did not fail."""
        beside = {CLASS: self._codes(batch)}
        if UNCERTAINTY in batch.numbers:
            beside[UNCERTAINTY] = batch.numbers[UNCERTAINTY]
        features = {
            PREFIX + column_name(name): column.numeric()
            for name, column in batch.features.items()
            if column.kinds & {int, float}
        }
        self._features.add(beside | features, len(batch))
        if batch.embedding is None:
            return
        if self._projection is None:
            self._projection = Projection(batch.embedding.shape[1])
        values = projected(batch, self._projection)
        if values is not None:
            known = np.flatnonzero(~np.isnan(values[:, -1]))
            axes = {
                PREFIX + name: column[known]
                for name, column in zip(self._projection.names, values.T, strict=True)
            }
            axes |= {name: column[known] for name, column in beside.items()}
            self._embeddings.add(axes, len(known))

    def finish(self, columns: Sequence[Column], *, ordered: bool) -> tuple[DensityReference, ...]:
        """Return what is known of the features and of the embedding, as far as there is enough.

        Parameters
        ----------
        columns
            Of the reference.
        ordered
            Whether the records were in the order of time.
        """
        classes = tuple(self._classes)
        sampled = set(self._features.names)
        names = [
            column.name
            for column in columns
            if isinstance(column, NumericColumn)
            and column.name not in NO_FEATURES
            and PREFIX + column.name in sampled
        ]
        found = [learning.learn(self._features, "features", names, classes, ordered=ordered)]
        if self._projection is not None:
            found.append(
                learning.learn(
                    self._embeddings,
                    "embedding",
                    self._projection.names,
                    classes,
                    dimension=self._projection.dimension,
                    ordered=ordered,
                )
            )
        return tuple(one for one in found if one is not None)

    def _codes(self, batch: RecordBatch) -> Floats:
        table = np.full(len(batch.prediction.values) + 1, np.nan)
        for code, value in enumerate(batch.prediction.values):
            if value in self._classes or len(self._classes) < _MAX_CLASSES:
                table[code] = self._classes.setdefault(value, len(self._classes))
        return table[batch.prediction.codes]
