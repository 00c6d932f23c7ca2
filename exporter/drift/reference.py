"""The reference: what the columns of a model looked like when it was known to be good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from exporter import canonical
from exporter.density.reference import DensityReference
from exporter.drift.columns import NO_FEATURES, Column, NumericColumn, feature_name
from exporter.drift.embedding import EmbeddingReference
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.estimation.expected_error import ExpectedError
from exporter.estimation.reliability import Reliability


@dataclass(frozen=True)
class Provenance:
    """What a reference was made from.

    Attributes
    ----------
    files
        As they were named on the command line.
    records
        Predictions profiled; failed attempts and mere labels are none.
    first_timestamp, last_timestamp
        Unix seconds of the earliest and the latest of them; ``None`` if none has a timestamp.
    """

    files: tuple[str, ...]
    records: int
    first_timestamp: float | None
    last_timestamp: float | None


@dataclass(frozen=True, eq=False)
class Reference:
    """A frozen profile of columns.

    Attributes
    ----------
    model
        Name of the model that it describes.
    version
        Free label, by default the model's version; may be empty.
    columns
        In order of their names.
    reliability
        How often the model was right that was so sure, to estimate its accuracy without labels;
        ``None`` if too few predictions had both a label and a confidence.
    expected_error
        How large errors are to be expected, to estimate them without labels; ``None`` if too few
        predictions were numbers with a label.
    attributions
        Absolute attributions of the features that have any, by their names, which are in order;
        `rows` are the predictions with any attribution.
    embedding
        Projections of the embeddings; ``None`` if there were none.
    density
        How dense features, and embeddings, are; of each at most one.
    seasonal
        The columns by hour or day; ``None`` if all times are alike.
    """

    model: str
    version: str
    provenance: Provenance
    columns: tuple[Column, ...]
    reliability: Reliability | None = None
    expected_error: ExpectedError | None = None
    attributions: tuple[NumericColumn, ...] = ()
    embedding: EmbeddingReference | None = None
    density: tuple[DensityReference, ...] = ()
    seasonal: SeasonalReference | None = None

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 (see :func:`digest`): equal content, equal digest."""
        return digest(
            self.columns,
            self.expected_error,
            self.reliability,
            self.attributions,
            self.embedding,
            self.density,
            self.seasonal,
        )

    @property
    def label(self) -> str:
        """The value of the label `reference`: the first 8 hex digits of the digest."""
        return self.digest[:8]

    @property
    def features(self) -> tuple[str, ...]:
        """Logged features that the columns need, by the names that the log gives them."""
        return tuple(
            feature_name(column.name) for column in self.columns if column.name not in NO_FEATURES
        )


def digest(
    columns: Sequence[Column],
    expected_error: ExpectedError | None = None,
    reliability: Reliability | None = None,
    attributions: Sequence[NumericColumn] = (),
    embedding: EmbeddingReference | None = None,
    density: Sequence[DensityReference] = (),
    seasonal: SeasonalReference | None = None,
) -> str:
    """Return the hex SHA-256 of the columns as JSON with sorted keys and no white space.

    The hex digits of the digests of reliability, expected error, attributions (as of columns),
    embedding, density and seasonal counts, where there are any, follow the JSON.

    Who made the reference, when and from which files is no part of it.
    """
    text = canonical.canonical([column.document() for column in columns])
    if reliability is not None:
        text += reliability.digest
    if expected_error is not None:
        text += expected_error.digest
    if attributions:
        text += digest(attributions)
    if embedding is not None:
        text += embedding.digest
    text += "".join(one.digest for one in density)
    if seasonal is not None:
        text += seasonal.digest
    return canonical.digest(text)
