"""Regression trees: records are divided until the rest of the spread is mere chance.

A tree is grown on columns that are cut into bins (CART: Breiman, Friedman, Olshen, Stone 1984), and
applied to whole batches, all trees of a forest at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats

DEPTH = 8
LEAST_LEAF = 60
"""Records of the reference in a leaf, at least."""

Split = tuple[int, float]
"""A column and a threshold: what is above it goes to the right."""
Bins = NDArray[np.uint8]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree, its nodes in preorder: each before its left side, that before the right side.

    Attributes
    ----------
    nodes
        A split, or ``None`` for a leaf.
    mean, variance, weight
        float64[leaves], of what the records of each leaf have, and how many there are.
    """

    nodes: tuple[Split | None, ...]
    mean: Floats
    variance: Floats
    weight: Floats


class Growth:
    """Grows trees on the same records.

    Parameters
    ----------
    bins
        uint8[columns, n], the bin of each value.
    thresholds
        For each column its upper edges: values up to edge i lie in the bins up to i.
    target
        float64[n].
    """

    def __init__(self, bins: Bins, thresholds: Sequence[Floats], target: Floats) -> None:
        self._bins = bins
        self._thresholds = thresholds
        self._target = target

    def tree(self, weight: Floats) -> Tree:
        """Grow a tree in which each record counts float64[n] times."""
        nodes: list[Split | None] = []
        leaves: list[tuple[float, float, float]] = []
        for split, rows in self._grown(np.flatnonzero(weight), weight, DEPTH):
            nodes.append(split)
            if split is None:
                counts, values = weight[rows], self._target[rows]
                total = float(counts.sum())
                mean = float(counts @ values) / total
                leaves.append((mean, float(counts @ (values - mean) ** 2) / total, total))
        return Tree(tuple(nodes), *(np.array(column) for column in zip(*leaves, strict=True)))

    def _grown(
        self, rows: Positions, weight: Floats, depth: int
    ) -> Iterator[tuple[Split | None, Positions]]:
        best = self._best(rows, weight) if depth else None
        if best is None:
            yield None, rows
            return
        column, edge = best
        yield (column, float(self._thresholds[column][edge])), rows
        right = self._bins[column][rows] > edge
        yield from self._grown(rows[~right], weight, depth - 1)
        yield from self._grown(rows[right], weight, depth - 1)

    def _best(self, rows: Positions, weight: Floats) -> tuple[int, int] | None:
        """Return the column and edge that leave the least squared deviation, if any helps."""
        counts = weight[rows]
        total = counts.sum()
        if total < 2 * LEAST_LEAF:
            return None
        # Of the deviations from the mean, so that large numbers do not drown the differences.
        target = self._target[rows]
        values = target - counts @ target / total
        sums = counts * values
        # What is left of rounding is no gain.
        most, best = 1e-9 * float(sums @ values) + 1e-12 * float(counts @ target**2), None
        for column, bins in enumerate(self._bins):
            edges = len(self._thresholds[column])
            here = bins[rows]
            left = np.bincount(here, counts, edges + 1)[:edges].cumsum()
            deviation = np.bincount(here, sums, edges + 1)[:edges].cumsum()
            allowed = (left >= LEAST_LEAF) & (total - left >= LEAST_LEAF)
            if not allowed.any():
                continue
            divisor = np.where(allowed, left * (total - left), np.inf)
            gain = deviation**2 * total / divisor
            edge = int(gain.argmax())
            if gain[edge] > most:
                most, best = float(gain[edge]), (column, edge)
        return best


class Forest:
    """Finds the leaves of whole batches.

    The nodes of one depth lie side by side in one array, so that a step down for all records in
    all trees is a handful of operations on whole arrays.

    Parameters
    ----------
    trees
        In any number; leaves are numbered through.

    Raises
    ------
    ValueError
        If the nodes of a tree are no preorder, or a tree is deeper than :data:`DEPTH`.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.trees = len(trees)
        shapes = [
            [(len(trees) << depth, np.intp), (len(trees) << depth, np.float64)]
            for depth in range(DEPTH)
        ]
        self._columns, self._thresholds = (
            [np.zeros(*shape) for shape in side] for side in zip(*shapes, strict=True)
        )
        for thresholds in self._thresholds:
            # Below a leaf that lies higher up every record goes to the left.
            thresholds[:] = np.inf
        self._leaves = np.zeros(len(trees) << DEPTH, dtype=np.int64)
        self._depth = 0
        found = 0
        for root, tree in enumerate(trees):
            nodes = iter(tree.nodes)
            found = self._place(nodes, root, 0, found)
            if next(nodes, self) is not self:
                raise ValueError("there are nodes below a leaf")
        self.leaves = found
        self._levels = list(zip(self._columns, self._thresholds, strict=True))[: self._depth]

    def _place(self, nodes: Iterator[Split | None], position: int, depth: int, found: int) -> int:
        node = next(nodes, self)
        if node is self:
            raise ValueError("a side of a split is missing")
        if node is None:
            self._leaves[position << (DEPTH - depth)] = found
            return found + 1
        if depth == DEPTH:
            raise ValueError(f"a tree is deeper than {DEPTH}")
        self._depth = max(self._depth, depth + 1)
        self._columns[depth][position], self._thresholds[depth][position] = node  # type: ignore[misc]
        found = self._place(nodes, 2 * position, depth + 1, found)
        return self._place(nodes, 2 * position + 1, depth + 1, found)

    def find(self, values: Floats) -> NDArray[np.int64]:
        """Return int64[trees, n], the leaf of each record in each tree.

        Parameters
        ----------
        values
            float64[columns, n], none of them NaN.
        """
        length = values.shape[1]
        flat = values.reshape(-1)
        row = np.arange(length)
        node = np.repeat(np.arange(self.trees), length).reshape(self.trees, length)
        for columns, thresholds in self._levels:
            where = (columns * length)[node]
            where += row
            right = flat[where] > thresholds[node]
            node *= 2
            node += right
        leaves: NDArray[np.int64] = self._leaves[node << (DEPTH - len(self._levels))]
        return leaves
