"""Distances between the counts of window and reference, for many columns at once.

All take int64[columns, cells] twice, first the reference, with at least one record in every row.
Cells that are empty in both change nothing, so columns with fewer cells are filled up with zeros.
"""

from __future__ import annotations

from exporter.drift.distances.hellinger import hellinger
from exporter.drift.distances.jensen_shannon import jensen_shannon
from exporter.drift.distances.kullback_leibler import kullback_leibler
from exporter.drift.distances.l_infinity import l_infinity
from exporter.drift.distances.population_stability import noise_floor, population_stability
from exporter.drift.distances.total_variation import total_variation
from exporter.drift.distances.wasserstein import centres, wasserstein

__all__ = [
    "centres",
    "hellinger",
    "jensen_shannon",
    "kullback_leibler",
    "l_infinity",
    "noise_floor",
    "population_stability",
    "total_variation",
    "wasserstein",
]
