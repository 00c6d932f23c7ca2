"""What a reference knows of embeddings: the distribution of their projections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from exporter import canonical
from exporter.drift.columns import NumericColumn
from exporter.drift.numeric_profile import NumericProfile
from exporter.drift.projection import Projection, projected
from exporter.records import Floats, RecordBatch

MAX_VALUES = 100_000
"""Of more embeddings than these a uniform sample is kept."""
SAMPLE_SIZE = 500


@dataclass(frozen=True, eq=False)
class EmbeddingReference:
    """The projections of the embeddings of a reference.

    Attributes
    ----------
    dimension
        Numbers of each embedding.
    columns
        The axes of the projection and the norm, by :attr:`Projection.names`.
    """

    dimension: int
    columns: tuple[NumericColumn, ...]

    @cached_property
    def projection(self) -> Projection:
        """What the columns were made with."""
        return Projection(self.dimension)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "dimension": self.dimension,
            "columns": [column.document() for column in self.columns],
        }

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical.digest(canonical.canonical(self.document()))


def mean_distance(reference: EmbeddingReference, mean: Floats, number: float) -> float:
    """Return how far a mean of embeddings is from the reference's, in standard deviations.

    The root of the mean, over the axes of the projection, of ((mean - reference's mean) /
    reference's standard deviation)^2, less tau / n + tau / m, which chance makes of it; 0 if that
    is more. n and m are the numbers of both, tau is the axis' autocorrelation time, that of means.

    Parameters
    ----------
    mean
        float64[axes], of the projections.
    number
        Of embeddings.
    """
    excess = []
    for column, found in zip(reference.columns[:-1], mean.tolist(), strict=True):
        centre, spread = column.moments.mean, column.moments.std
        if spread and centre is not None:
            tau = column.longest_tau
            chance = tau / number + tau / column.n
            excess.append(((found - centre) / spread) ** 2 - chance)
    return float(np.sqrt(max(0.0, np.mean(excess)))) if excess else 0.0


class EmbeddingProfile:
    """Accumulates projections of embeddings; the first one decides how long they are."""

    def __init__(self) -> None:
        self._projection: Projection | None = None
        self._columns: Sequence[NumericProfile] = ()

    def add(self, batch: RecordBatch) -> None:
        """Add the predictions of a batch."""
        if batch.embedding is None:
            return
        if self._projection is None:
            self._projection = Projection(batch.embedding.shape[1])
            self._columns = [NumericProfile(MAX_VALUES) for _ in self._projection.names]
        values = projected(batch, self._projection)
        if values is not None:
            for profile, column in zip(self._columns, values.T, strict=True):
                profile.add(column)

    def finish(self, rows: int) -> EmbeddingReference | None:
        """Return the reference of `rows` predictions, ``None`` if none has an embedding."""
        if self._projection is None or not self._columns[0].seen:
            return None
        named = zip(self._projection.names, self._columns, strict=True)
        columns = tuple(profile.finish(name, rows, SAMPLE_SIZE) for name, profile in named)
        return EmbeddingReference(self._projection.dimension, columns)
