"""How far estimates are off in parts of a reference, where the truth is known.

A window whose inputs differ from those of the reference is like a part of the reference that was
not drawn at random: what p(right | score) is there can differ, and no curve tells. How much it
differs is a property of model and world that the reference shows: its parts by values of a feature
are windows with shifted inputs whose truth is known. Over these the squared error beyond chance is
regressed on the squared distance of their scores (method of moments, as DerSimonian and Laird 1986
estimate the variance between studies). Parts that follow each other show what changes with time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.estimation.curve import CELLS
from exporter.estimation.figures import Figure, figures
from exporter.estimation.reliability import LEAST, Counts, Reliability, Spread
from exporter.records import Floats, Mask

PERIODS = 10
_GROUPS = 5
_MOST_CATEGORIES = 20
_NEAREST = 0.1
"""Parts that are nearer count as so far: the distance of one that does not differ is chance."""

Rows = NDArray[np.intp]


def spreads(
    reliability: Reliability, cells: Counts, right: Mask, features: Sequence[Floats | Counts]
) -> dict[str, Spread]:
    """Return the spread of each figure.

    Parameters
    ----------
    reliability
        Of all labelled predictions.
    cells, right
        int64[n] and bool[n], a sample of these in the order of time: positions in the flattened
        counts, none negative.
    features
        Of each [n] values: float64 numbers, NaN where missing, or int64 categories, negative
        where missing.
    """
    periods = [rows for rows in np.array_split(np.arange(len(cells)), PERIODS) if len(rows)]
    if len(cells) < LEAST * PERIODS:
        periods = []
    parts = [part for feature in features for part in _parts(feature)]
    kinds = len(reliability.predictions)

    def counted(rows: Rows) -> tuple[Counts, Counts]:
        size = kinds * CELLS
        number = np.bincount(cells[rows], minlength=size).reshape(kinds, CELLS)
        own = cells[rows[right[rows]]]
        return number, np.bincount(own, minlength=size).reshape(kinds, CELLS)

    in_time = [counted(rows) for rows in periods]
    by_input = [counted(rows) for rows in parts]
    return {
        name: Spread(
            periods=_spread(reliability, figure, in_time, by_distance=False),
            shift=_spread(reliability, figure, by_input, by_distance=True),
        )
        for name, figure in figures(kinds).items()
    }


def _spread(
    reliability: Reliability,
    figure: Figure,
    parts: Sequence[tuple[Counts, Counts]],
    *,
    by_distance: bool,
) -> float:
    curve, size = reliability.curve, int(reliability.predictions.sum())
    excess = scale = 0.0
    for number, right in parts:
        total = number.sum(axis=0)
        # By cell and kind what came true, of kinds without predictions nothing.
        positive = right.copy()
        if len(number) > 1:
            positive[0] = number[0] - right[0]
        realised = float(figure.value(number, positive / np.maximum(number, 1)))
        expected = float(figure.value(number, np.broadcast_to(curve.probability, number.shape)))
        if math.isnan(realised) or math.isnan(expected):
            continue
        smoothed = np.broadcast_to(curve.smoothed, number.shape)
        # The part had its share in the curve, which is so much closer to it.
        chance = figure.variance(number, smoothed) * (1 - number.sum() / size)
        excess += (realised - expected) ** 2 - chance
        scale += max(_NEAREST, curve.distance(total)) ** 2 if by_distance else 1.0
    return math.sqrt(max(0.0, excess) / scale) if scale else 0.0


def _parts(feature: Floats | Counts) -> Iterator[Rows]:
    """Yield the rows of each fifth of a numeric feature, or of each frequent category."""
    if feature.dtype.kind == "f":
        known = ~np.isnan(feature)
        if not known.any():
            return
        edges = np.quantile(feature[known], np.arange(1, _GROUPS) / _GROUPS)
        group = np.where(known, np.searchsorted(edges, feature), -1)
    else:
        group = feature
    values, sizes = np.unique(group, return_counts=True)
    frequent = (values >= 0) & (sizes >= LEAST) & (sizes < len(feature))
    order = np.argsort(-sizes[frequent], kind="stable")[:_MOST_CATEGORIES]
    for value in values[frequent][order]:
        yield np.flatnonzero(group == value)
