"""How far windows are from the reference, without asking whether chance could do the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.drift import distances
from exporter.drift.columns import Column, NumericColumn, Table
from exporter.drift.padding import Padding
from exporter.records import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Tables:
    """The counts of columns that are compared.

    Attributes
    ----------
    reference, counts
        float64[columns, cells], filled up with empty cells.
    positions
        float64[columns, cells], the centres of the cells of numeric columns; NaN of others.
    std
        float64[columns], standard deviations of the reference; NaN where there is none.
    tau
        float64[columns], autocorrelation times.
    """

    reference: Floats
    counts: Floats
    positions: Floats
    std: Floats
    tau: Floats


def _psi(tables: Tables) -> Floats:
    ours, theirs = tables.reference, tables.counts
    floor = distances.noise_floor(ours, theirs, tables.tau)
    return distances.population_stability(ours, theirs) - floor


def _wasserstein(tables: Tables) -> Floats:
    found = np.full(len(tables.std), np.nan)
    numeric = ~np.isnan(tables.std)
    if numeric.any():
        found[numeric] = distances.wasserstein(
            tables.reference[numeric],
            tables.counts[numeric],
            tables.positions[numeric],
            tables.std[numeric],
        )
    return found


def _of_shares(distance: Callable[[Table, Table], Floats]) -> Callable[[Tables], Floats]:
    return lambda tables: distance(tables.reference, tables.counts)


DISTANCES: Mapping[str, Callable[[Tables], Floats]] = {
    "psi": _psi,
    "jensen-shannon": _of_shares(distances.jensen_shannon),
    "kullback-leibler": _of_shares(distances.kullback_leibler),
    "hellinger": _of_shares(distances.hellinger),
    "total-variation": _of_shares(distances.total_variation),
    "l-infinity": _of_shares(distances.l_infinity),
    "wasserstein": _wasserstein,
}
"""By the value of the label `distance`. Each returns float64[columns], NaN where it has none."""


class Dissimilarity:
    """Measures windows of many columns at once.

    Parameters
    ----------
    columns
        Of the reference; the cells of each lie behind those of the one before.
    names
        Of :data:`DISTANCES`.
    taus
        Autocorrelation times, if not those of the columns.
    """

    def __init__(
        self, columns: Sequence[Column], names: Sequence[str], taus: Sequence[float] | None = None
    ) -> None:
        self._names = tuple(names)
        self._padding = Padding([len(column.counts) for column in columns])
        self._reference = self._padding.rows(
            np.concatenate([np.zeros(0), *(column.counts for column in columns)])
        )
        self._positions = np.full(self._reference.shape, np.nan)
        self._std = np.full(len(columns), np.nan)
        self._tau = np.array([column.tau for column in columns] if taus is None else taus)
        for at, column in enumerate(columns):
            if isinstance(column, NumericColumn) and column.moments.std is not None:
                found = distances.centres(column.edges, *_range(column))
                self._positions[at] = found[-1]
                self._positions[at, : len(found)] = found
                self._std[at] = column.moments.std

    def measure(
        self,
        counts: Floats,
        measured: Sequence[int],
        reference: Floats | None = None,
        taus: Floats | None = None,
    ) -> dict[str, Floats]:
        """Return each distance, float64[measured].

        Parameters
        ----------
        counts
            float64[cells] of a window.
        measured
            Positions of the columns that have values, in the window and in the reference.
        reference
            float64[cells] that the window is compared with, if not those of the columns.
        taus
            float64[columns], autocorrelation times, if not those of the columns.
        """
        rows = np.asarray(measured, dtype=np.intp)
        tables = Tables(
            (self._reference if reference is None else self._padding.rows(reference))[rows],
            self._padding.rows(counts)[rows],
            self._positions[rows],
            self._std[rows],
            (self._tau if taus is None else taus)[rows],
        )
        return {name: DISTANCES[name](tables) for name in self._names}


def _range(column: NumericColumn) -> tuple[float, float]:
    """Return the least and the largest value of a column that has some."""
    least, most = column.moments.minimum, column.moments.maximum
    return (0.0 if least is None else least), (0.0 if most is None else most)
