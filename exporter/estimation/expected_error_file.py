"""The expected error as a reference file holds it, and what must be true of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import numpy as np

from exporter.drift.columns import CategoricalColumn, Column
from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.regression_tree import Tree

_Size = Annotated[float, msgspec.Meta(ge=0, le=1e300)]
_Weight = Annotated[float, msgspec.Meta(gt=0, le=2**53)]
_Finite = Annotated[float, msgspec.Meta(ge=-1.7976931348623157e308, le=1.7976931348623157e308)]


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    categories: list[str] | None
    missing: _Finite | None


class _Tree(msgspec.Struct, forbid_unknown_fields=True):
    nodes: list[tuple[Annotated[int, msgspec.Meta(ge=0)], _Finite] | None]
    mean: list[_Size]
    variance: list[_Size]
    weight: list[_Weight]


class Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The section of the file."""

    records: Annotated[int, msgspec.Meta(gt=0, le=2**53)]
    realised: _Size
    inputs: list[_Input]
    trees: Annotated[list[_Tree], msgspec.Meta(min_length=2, max_length=100)]


def restore(stored: Stored, columns: Sequence[Column]) -> ExpectedError:
    """Return what a section of the file describes.

    Raises
    ------
    ValueError
        If it contradicts itself or the columns of the reference; the message begins with the
        field.
    """
    for field, good, expected in _rules(stored, columns):
        if not good():
            raise ValueError(f"{field}: expected {expected}")
    inputs = [
        Input(one.name, None if one.categories is None else tuple(one.categories), one.missing)
        for one in stored.inputs
    ]
    trees = [
        Tree(tuple(tree.nodes), np.array(tree.mean), np.array(tree.variance), np.array(tree.weight))
        for tree in stored.trees
    ]
    found = ExpectedError(stored.records, stored.realised, tuple(inputs), tuple(trees))
    try:
        found.forest  # noqa: B018  # Made here, so that what is malformed shows here.
    except ValueError as error:
        raise ValueError(f"trees: {error}") from error
    return found


def _rules(stored: Stored, columns: Sequence[Column]) -> list[tuple[str, Callable[[], bool], str]]:
    """Return (field, check, what the field must hold)."""
    categorical = {column.name: isinstance(column, CategoricalColumn) for column in columns}
    names = [one.name for one in stored.inputs]
    rules: list[tuple[str, Callable[[], bool], str]] = [
        (
            "inputs",
            lambda: len(set(names)) == len(names) and set(names) <= categorical.keys(),
            "different columns of the reference",
        )
    ]
    for position, one in enumerate(stored.inputs):
        rules.append(
            (
                f"inputs[{position}].categories",
                lambda one=one: (
                    (one.categories is not None) == categorical[one.name]  # type: ignore[misc]
                    and len(set(one.categories or ())) == len(one.categories or ())
                ),
                "different categories if the column is categorical, else null",
            )
        )
    for position, tree in enumerate(stored.trees):
        splits = [node for node in tree.nodes if node is not None]
        leaves = len(tree.nodes) - len(splits)
        rules += [
            (
                f"trees[{position}].nodes",
                lambda splits=splits: all(column < len(names) for column, _ in splits),  # type: ignore[misc]
                "positions of inputs",
            ),
            (
                f"trees[{position}]",
                lambda tree=tree, leaves=leaves: (  # type: ignore[misc]
                    leaves == len(tree.mean) == len(tree.variance) == len(tree.weight)
                ),
                "mean, variance and weight of each leaf",
            ),
        ]
    return rules
