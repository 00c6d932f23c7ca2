"""The seasons of a reference as they are in its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

from exporter.drift.columns import Column
from exporter.drift.seasonal.cycles import Cycle
from exporter.drift.seasonal.reference import SeasonalColumn, SeasonalReference, table
from exporter.drift.seasonal.season import Season

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Tau = Annotated[float, msgspec.Meta(ge=1.0)]


class _Column(msgspec.Struct, forbid_unknown_fields=True):
    cells: list[_Count]
    counts: list[_Count]
    tau: _Tau
    tau_mean: _Tau


class Stored(msgspec.Struct, forbid_unknown_fields=True):
    """What :meth:`SeasonalReference.document` returns."""

    cycle: Cycle
    timezone: str
    records: list[_Count]
    hours: list[_Count]
    columns: dict[str, _Column]


def restore(stored: Stored, columns: Sequence[Column]) -> SeasonalReference:
    """Return what was stored.

    Parameters
    ----------
    columns
        Of the reference.

    Raises
    ------
    ValueError
        If it does not fit them, or itself; the message begins with the field.
    """
    season = Season(stored.cycle, stored.timezone)
    try:
        ZoneInfo(season.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone: {season.timezone!r:.80} is not known here") from error
    for field, values in (("records", stored.records), ("hours", stored.hours)):
        if len(values) != season.size:
            raise ValueError(f"{field}: expected {season.size} of them")
    if set(stored.columns) != {column.name for column in columns}:
        raise ValueError("columns: expected those of the reference")
    found = {
        column.name: _column(stored.columns[column.name], season.size, column) for column in columns
    }
    return SeasonalReference(
        season,
        np.array(stored.records, dtype=np.int64),
        np.array(stored.hours, dtype=np.int64),
        found,
    )


def _column(stored: _Column, size: int, column: Column) -> SeasonalColumn:
    try:
        counts = table(stored.cells, stored.counts, (size, len(column.counts)))
    except ValueError as error:
        raise ValueError(f"columns.{column.name:.80}.cells: {error}") from error
    if (counts.sum(axis=0) > column.counts).any():
        raise ValueError(f"columns.{column.name:.80}.counts: expected no more than the column has")
    return SeasonalColumn(counts, stored.tau, stored.tau_mean)
