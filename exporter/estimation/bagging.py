"""Learns the absolute error to expect: a few trees, each on another draw of the reference.

What is drawn are blocks of neighbouring records, not records: neighbours are alike, and a draw of
them one by one would take them for more evidence than they are (Künsch 1989, The jackknife and the
bootstrap for general stationary observations).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.drift.binning import quantile_edges
from exporter.drift.columns import MAX_CATEGORY_LENGTH, Column, NumericColumn
from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.labelled_sample import LabelledSample
from exporter.estimation.regression_tree import LEAST_LEAF, Bins, Growth
from exporter.records import Floats, Mask

LEAST = 1_000
"""Of fewer labelled predictions nothing is learned."""
TREES = 4
BLOCKS = 50
_MAX_CATEGORIES = 50
_LOWEST = float(np.finfo(np.float64).min)
"""A threshold that only -inf, a missing value, is not above."""
SEED = 20180101


def learn(
    sample: LabelledSample, columns: Sequence[Column], seed: int = SEED
) -> ExpectedError | None:
    """Return what a sample teaches, ``None`` if it is too small.

    Parameters
    ----------
    columns
        Of the reference, which decide of each feature whether it is numbers or classes.
    seed
        Of the draws; the same one gives the same trees.
    """
    if sample.seen < LEAST:
        return None
    errors = sample.errors
    inputs, bins, thresholds = [], [], []
    for column in columns:
        if isinstance(column, NumericColumn):
            known, found, edges = _numbers(column, sample)
        else:
            known, found, edges = _classes(column.name, sample, errors)
        if len(edges):
            inputs.append(known)
            bins.append(found)
            thresholds.append(edges)
    table = np.array(bins, dtype=np.uint8).reshape(len(bins), len(errors))
    growth = Growth(table, thresholds, errors)
    random = np.random.default_rng(seed)
    block = np.arange(len(errors)) * BLOCKS // len(errors)
    trees = []
    for _ in range(TREES):
        drawn = np.bincount(random.integers(0, BLOCKS, BLOCKS), minlength=BLOCKS)
        trees.append(growth.tree(drawn[block].astype(np.float64)))
    return ExpectedError(sample.seen, float(errors.mean()), tuple(inputs), tuple(trees))


def _numbers(column: NumericColumn, sample: LabelledSample) -> tuple[Input, Bins, Floats]:
    values = sample.numbers(column.name)
    known = np.isfinite(values)
    ordered = np.sort(values[known])
    edges = quantile_edges(ordered)
    if ordered.size:
        # Edges outside of the values divide nothing.
        edges = edges[(edges >= ordered[0]) & (edges < ordered[-1])]
    apart = _enough(~known) or not ordered.size
    missing = None if apart else float(ordered[len(ordered) // 2])
    bins = np.searchsorted(edges, np.where(known, values, missing or 0.0), side="left")
    return _finished(Input(column.name, None, missing), bins, edges, known)


def _classes(name: str, sample: LabelledSample, errors: Floats) -> tuple[Input, Bins, Floats]:
    column = sample.classes(name)
    codes = column.codes
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    sums = np.bincount(codes[codes >= 0], errors[codes >= 0], len(column.values))
    # Equal ones are ordered by name, so that equal logs teach the same however they were read.
    frequent = sorted(
        np.flatnonzero(counts >= LEAST_LEAF).tolist(),
        key=lambda code: (-counts[code], column.values[code]),
    )[:_MAX_CATEGORIES]
    # In this order the best of all divisions in two is one at a threshold (Breiman et al. 1984).
    ordered = sorted(frequent, key=lambda code: (sums[code] / counts[code], column.values[code]))
    position = np.full(len(column.values) + 1, -1)
    position[ordered] = np.arange(len(ordered))
    bins = position[codes]
    known = bins >= 0
    apart = _enough(~known) or not frequent
    missing = None if apart else float(position[frequent[0]])
    categories = tuple(column.values[code][:MAX_CATEGORY_LENGTH] for code in ordered)
    bins = np.where(known, bins, int(missing or 0))
    edges = np.arange(len(ordered) - 1, dtype=np.float64)
    return _finished(Input(name, categories, missing), bins, edges, known)


def _enough(missing: Mask) -> bool:
    return int(missing.sum()) >= LEAST_LEAF


def _finished(
    column: Input, bins: NDArray[np.int64], edges: Floats, known: Mask
) -> tuple[Input, Bins, Floats]:
    """Put missing values, where nothing stands for them, into a lowest bin of their own."""
    if column.missing is None and known.any():
        bins = np.where(known, bins + 1, 0)
        edges = np.concatenate(([_LOWEST], edges))
    return column, bins.astype(np.uint8), edges
