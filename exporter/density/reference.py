"""What a reference knows of density: points, their kernels, and how held-out records score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter import canonical
from exporter.density.combination import Combination
from exporter.density.conformal import Calibration
from exporter.density.score import DensityScore
from exporter.density.space import Kind, Space
from exporter.drift.columns import feature_name
from exporter.drift.projection import Projection, projected
from exporter.records import Floats, RecordBatch


@dataclass(frozen=True, eq=False)
class DensityReference:
    """Density of the features, or of projections of the embedding.

    Attributes
    ----------
    kind
        Of what.
    dimension
        Numbers of an embedding; 0 for features.
    combination
        With the uncertainty; ``None`` if too few records log it.
    """

    kind: Kind
    dimension: int
    space: Space
    score: DensityScore
    calibration: Calibration
    combination: Combination | None = None

    def values(self, batch: RecordBatch) -> Floats | None:
        """Return float64[n, d], the columns of the space; ``None`` if the batch has none of them.

        NaN and infinity are missing.
        """
        if self.kind == "embedding":
            return self._projected(batch)
        columns = [batch.features.get(feature_name(name)) for name in self.space.names]
        if all(column is None for column in columns):
            return None
        found = np.full((len(batch), len(columns)), np.nan)
        for position, column in enumerate(columns):
            if column is not None:
                found[:, position] = column.numeric()
        return found

    def _projected(self, batch: RecordBatch) -> Floats | None:
        projection = Projection(self.dimension)
        found = projected(batch, projection)
        if found is None:
            return None
        places = {name: place for place, name in enumerate(projection.names)}
        return found[:, [places[name] for name in self.space.names]]

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        score = self.score
        return {
            "kind": self.kind,
            "dimension": self.dimension,
            "names": list(self.space.names),
            "centre": self.space.centre.tolist(),
            "scale": self.space.scale.tolist(),
            "axes": self.space.axes.tolist(),
            "points": score.points.tolist(),
            "classes": list(score.classes),
            "codes": score.codes.tolist(),
            "groups": [
                {"bandwidth": one.bandwidth, "location": one.location, "spread": one.spread}
                for one in score.groups
            ],
            "calibration": self.calibration.document(),
            "combination": None if self.combination is None else self.combination.document(),
        }

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical.digest(canonical.canonical(self.document()))
