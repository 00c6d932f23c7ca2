"""Learns density from a sample of records: what is learned of, and what is held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.density import kernel, space
from exporter.density.combination import Combination, combined
from exporter.density.conformal import Calibration
from exporter.density.reference import DensityReference
from exporter.density.row_sample import RowSample
from exporter.density.score import DensityScore, Group
from exporter.density.space import Kind
from exporter.drift import autocorrelation
from exporter.records import Floats

UNCERTAINTY, CLASS = "uncertainty", "class"
"""Columns of a sample beside those of the space, whose names begin with :data:`PREFIX`."""
PREFIX = "="

LEAST_ROWS = 400
"""Of fewer records nothing is learned."""
POINTS, KNOWN, HELD_OUT = 1_000, 1_000, 5_000
"""Records, at most, that have a kernel, whose scores set units, and that are held out."""
LEAST_OF_CLASS = 50
"""Points of a class that is to have kernels of its own."""
_BLOCKS = 20
_SHARES = (0.01, 0.1)
_POINT_DECIMALS = 3
_SEED = 20180101


@dataclass(frozen=True)
class _Rows:
    """Positions, in a sample, of records by what they are for."""

    points: NDArray[np.intp]
    known: NDArray[np.intp]
    held_out: NDArray[np.intp]


def learn(
    sample: RowSample,
    kind: Kind,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    dimension: int = 0,
    ordered: bool = True,
) -> DensityReference | None:
    """Return what a sample knows of density; ``None`` if it has too few records.

    Parameters
    ----------
    names
        Columns that may be used.
    classes
        Predicted classes, by their numbers in the column :data:`CLASS`.
    dimension
        Numbers of an embedding.
    ordered
        Whether the records are in the order of time; else they are taken to be independent.
    """
    even = sample.evenly()
    if len(even) < LEAST_ROWS:
        return None
    columns = {name: sample.column(PREFIX + name) for name in names}
    fitted = _rows(even, np.ones(len(sample.positions()), dtype=bool))
    learned = np.concatenate([fitted.points, fitted.known])
    found = space.learn({name: values[learned] for name, values in columns.items()}, names)
    if found is None:
        return None
    values = np.column_stack([columns[name] for name in found.names])
    coordinates, known = found.coordinates(values)
    rows = _rows(even, known)
    if len(rows.points) + len(rows.known) + len(rows.held_out) < LEAST_ROWS:
        return None
    codes = np.nan_to_num(sample.column(CLASS), nan=-1.0).astype(np.int64)
    density, groups = _score(coordinates, codes, classes, rows)
    scores = density.of(coordinates, groups)
    # Points are as near to a kernel as can be.
    series = np.setdiff1d(sample.first(), rows.points)
    calibration = _calibration(scores, known, rows, series, sample.seen, ordered=ordered)
    uncertainty = sample.column(UNCERTAINTY)
    combination = _combination(scores, uncertainty, known, rows, series, sample.seen, ordered)
    return DensityReference(kind, dimension, found, density, calibration, combination)


def _rows(even: NDArray[np.intp], usable: NDArray[np.bool_]) -> _Rows:
    """Share out the records, by turns of blocks of time.

    Neighbours in time are alike: were held-out records among those learned of, they would be
    nearer to the points than records to come.
    """
    random = np.random.default_rng(_SEED)
    block = np.arange(len(even)) * _BLOCKS // max(1, len(even))
    learned, held_out = even[block % 2 == 0], even[block % 2 == 1]
    # By chance, since classes may take turns.
    pointed = random.random(len(learned)) < 0.5

    def some(part: NDArray[np.intp], number: int) -> NDArray[np.intp]:
        part = part[usable[part]]
        return np.sort(random.choice(part, number, replace=False)) if len(part) > number else part

    return _Rows(
        some(learned[pointed], POINTS), some(learned[~pointed], KNOWN), some(held_out, HELD_OUT)
    )


def _score(
    coordinates: Floats, codes: NDArray[np.int64], classes: Sequence[str], rows: _Rows
) -> tuple[DensityScore, NDArray[np.int64]]:
    """Return the score, and int64[n], the group of each record of the sample."""
    points: Floats = np.round(coordinates[rows.points], _POINT_DECIMALS)
    sizes = np.bincount(codes[rows.points] + 1, minlength=len(classes) + 1)[1:]
    own = [code for code in np.flatnonzero(sizes >= LEAST_OF_CLASS).tolist() if classes[code]]
    if sizes.max(initial=0) == len(points):
        # The only class is all.
        own = []
    own.sort(key=lambda code: classes[code])
    table = np.full(len(classes) + 1, len(own), dtype=np.int64)
    table[own] = np.arange(len(own))
    groups = table[codes]
    of_points = np.where(groups[rows.points] == len(own), -1, groups[rows.points])
    names = tuple(classes[code] for code in own)
    members = [points[of_points == number] for number in range(len(own))] + [points]
    widths = [kernel.bandwidth(member) for member in members]
    plain = DensityScore(points, names, of_points, tuple(Group(h, 0.0, 1.0) for h in widths))
    logs = plain.log_density(coordinates[rows.known], groups[rows.known])
    every = plain.log_density(
        coordinates[rows.known], np.full(len(rows.known), len(own), dtype=np.int64)
    )
    made = []
    for number, width in enumerate(widths):
        mine = logs[groups[rows.known] == number] if number < len(own) else every
        made.append(_group(width, mine if len(mine) else every))
    return DensityScore(points, names, of_points, tuple(made)), groups


def _group(width: float, logs: Floats) -> Group:
    tenth, median = np.quantile(logs, [0.1, 0.5])
    spread = round(float(median - tenth), 6)
    return Group(width, round(float(median), 6), spread if spread > 0 else 1.0)


def _calibration(
    scores: Floats,
    known: NDArray[np.bool_],
    rows: _Rows,
    series: NDArray[np.intp],
    seen: int,
    *,
    ordered: bool,
) -> Calibration:
    """Return how held-out records score, and how long being improbable lasts."""
    held_out = np.sort(scores[rows.held_out])
    tau = _tau(scores[series[known[series]]]) if ordered else 1.0
    # Every second block is held out, and of it perhaps not every record.
    independent = min(float(len(held_out)), max(1.0, seen * float(known.mean()) / 2 / tau))
    return Calibration(held_out, tau, independent)


def _combination(
    scores: Floats,
    uncertainty: Floats,
    known: NDArray[np.bool_],
    rows: _Rows,
    series: NDArray[np.intp],
    seen: int,
    ordered: bool,  # noqa: FBT001
) -> Combination | None:
    usable = known & np.isfinite(uncertainty)
    parts = [part[usable[part]] for part in (rows.points, rows.known, rows.held_out)]
    if sum(map(len, parts)) < LEAST_ROWS or not all(map(len, parts)):
        return None
    densities = np.sort(scores[parts[1]])
    uncertainties = np.sort(np.concatenate([uncertainty[parts[0]], uncertainty[parts[1]]]))
    uncertainties = _some_of(uncertainties, KNOWN)
    both = np.full(len(scores), np.nan)
    both[usable] = combined(densities, uncertainties, scores[usable], uncertainty[usable])
    held = _Rows(*parts)
    calibration = _calibration(both, usable, held, series, seen, ordered=ordered)
    return Combination(densities, uncertainties, calibration)


def _some_of(values: Floats, number: int) -> Floats:
    chosen = np.linspace(0, len(values) - 1, min(len(values), number)).round().astype(np.intp)
    return values[chosen]


def _tau(scores: Floats) -> float:
    """Return the autocorrelation time of being among the least probable ones.

    The longest of two shares: the smaller one is what is tested, the larger one is known better.
    """
    if len(scores) < LEAST_ROWS // 4:
        return 1.0
    return max(
        autocorrelation.of_series((scores < np.quantile(scores, share)).astype(np.float64))
        for share in _SHARES
    )
