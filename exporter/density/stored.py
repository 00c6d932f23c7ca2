"""What is known of density as a part of a reference's file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np

from exporter.density.combination import Combination
from exporter.density.conformal import Calibration
from exporter.density.reference import DensityReference
from exporter.density.score import DensityScore, Group
from exporter.density.space import MAX_DIMENSION, Space
from exporter.drift.projection import Projection
from exporter.parsing.embeddings import MAX_DIMENSION as LONGEST_EMBEDDING
from exporter.records import Floats

_MOST = 10_000
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_Scores = Annotated[list[float], msgspec.Meta(min_length=1, max_length=_MOST)]
_Columns = msgspec.Meta(min_length=1, max_length=MAX_DIMENSION)


class _Calibration(msgspec.Struct, forbid_unknown_fields=True):
    scores: _Scores
    tau: Annotated[float, msgspec.Meta(ge=1)]
    effective: _Positive


class _Combination(msgspec.Struct, forbid_unknown_fields=True):
    densities: _Scores
    uncertainties: _Scores
    calibration: _Calibration


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    bandwidth: _Positive
    location: float
    spread: _Positive


class Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The part of one kind of coordinates."""

    kind: Literal["features", "embedding"]
    dimension: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_EMBEDDING)]
    names: Annotated[list[str], _Columns]
    centre: Annotated[list[float], _Columns]
    scale: Annotated[list[_Positive], _Columns]
    axes: Annotated[list[list[float]], _Columns]
    points: Annotated[list[list[float]], msgspec.Meta(min_length=1, max_length=_MOST)]
    classes: list[str]
    codes: list[int]
    groups: list[_Group]
    calibration: _Calibration
    combination: _Combination | None


def restore(stored: Sequence[Stored]) -> tuple[DensityReference, ...]:
    """Return what was stored.

    Raises
    ------
    ValueError
        If a part contradicts itself; the message begins with its number and field.
    """
    found = []
    for position, one in enumerate(stored):
        field, expected = _wrong(one)
        if field:
            raise ValueError(f"[{position}].{field}: expected {expected}")
        found.append(_restored(one))
    if len({one.kind for one in found}) < len(found):
        raise ValueError(": expected at most one of each kind")
    return tuple(found)


def _wrong(one: Stored) -> tuple[str, str]:
    """Return the first field that is wrong, and what it must hold; empty texts if none is."""
    columns, classes = len(one.names), len(one.classes)
    codes = np.array(one.codes, dtype=np.int64)
    rules = [
        ("names", len(set(one.names)) == columns, "different names"),
        ("dimension", one.kind == "features" or one.dimension > 0, "the length of an embedding"),
        ("names", one.kind == "features" or _axes(one), "axes of the projection"),
        ("centre", len(one.centre) == columns, "a number for each of names"),
        ("scale", len(one.scale) == columns, "a number for each of names"),
        ("axes", list(map(len, one.axes)) == [columns] * columns, "a square of names"),
        ("points", {len(point) for point in one.points} == {columns}, "a number for each of names"),
        ("classes", one.classes == sorted(set(one.classes)), "different names in ascending order"),
        ("codes", len(codes) == len(one.points), "a number for each of points"),
        ("codes", set(range(classes)) <= set(codes.tolist()) <= set(range(-1, classes)),
         "positions in classes, or -1, each class once at least"),
        ("groups", len(one.groups) == classes + 1, "one more entry than classes"),
        ("calibration", _ascending(one.calibration.scores), "scores in ascending order"),
        ("combination", one.combination is None or _all_ascending(one.combination),
         "numbers in ascending order"),
    ]  # fmt: skip
    return next(((field, expected) for field, good, expected in rules if not good), ("", ""))


def _axes(one: Stored) -> bool:
    return one.dimension > 0 and set(one.names) <= set(Projection(one.dimension).names)


def _all_ascending(one: _Combination) -> bool:
    parts = (one.densities, one.uncertainties, one.calibration.scores)
    return all(_ascending(part) for part in parts)


def _ascending(values: list[float]) -> bool:
    return bool((np.diff(_floats(values)) >= 0).all())


def _restored(one: Stored) -> DensityReference:
    combination = one.combination
    return DensityReference(
        one.kind,
        one.dimension,
        Space(tuple(one.names), _floats(one.centre), _floats(one.scale), _floats(one.axes)),
        DensityScore(
            _floats(one.points),
            tuple(one.classes),
            np.array(one.codes, dtype=np.int64),
            tuple(Group(each.bandwidth, each.location, each.spread) for each in one.groups),
        ),
        _calibration(one.calibration),
        None
        if combination is None
        else Combination(
            _floats(combination.densities),
            _floats(combination.uncertainties),
            _calibration(combination.calibration),
        ),
    )


def _calibration(stored: _Calibration) -> Calibration:
    return Calibration(_floats(stored.scores), stored.tau, stored.effective)


def _floats(values: Sequence[float] | Sequence[Sequence[float]]) -> Floats:
    return np.array(values, dtype=np.float64)
