"""A reference as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
import numpy as np

from exporter import whole_file
from exporter.density import stored as stored_density
from exporter.density.reference import DensityReference
from exporter.drift.columns import CategoricalColumn, Column, Moments, NumericColumn
from exporter.drift.embedding import EmbeddingReference
from exporter.drift.projection import Projection
from exporter.drift.reference import Provenance, Reference
from exporter.drift.seasonal import stored as stored_seasons
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.errors import UsageError
from exporter.estimation import expected_error_file
from exporter.estimation.curve import CELLS
from exporter.estimation.expected_error import ExpectedError
from exporter.estimation.figures import figures
from exporter.estimation.reliability import LEAST, Reliability, Spread
from exporter.parsing.embeddings import MAX_DIMENSION

FORMAT = "modeltail-reference"
FORMAT_VERSION = 2

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Tau = Annotated[float, msgspec.Meta(ge=1.0)]


class _Numeric(
    msgspec.Struct, tag="numeric", tag_field="kind", forbid_unknown_fields=True, kw_only=True
):
    name: str
    rows: _Count
    missing: _Count
    edges: list[float]
    counts: list[_Count]
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    sample: list[float]
    tau: _Tau
    tau_mean: _Tau = 1.0

    def column(self) -> NumericColumn:
        return NumericColumn(
            name=self.name,
            rows=self.rows,
            missing=self.missing,
            edges=np.array(self.edges, dtype=np.float64),
            counts=np.array(self.counts, dtype=np.int64),
            moments=Moments(self.mean, self.std, self.minimum, self.maximum),
            sample=np.array(self.sample, dtype=np.float64),
            tau=self.tau,
            tau_mean=self.tau_mean,
        )


class _Categorical(
    msgspec.Struct, tag="categorical", tag_field="kind", forbid_unknown_fields=True, kw_only=True
):
    name: str
    rows: _Count
    missing: _Count
    categories: list[str]
    counts: list[_Count]
    tau: _Tau

    def column(self) -> CategoricalColumn:
        return CategoricalColumn(
            name=self.name,
            rows=self.rows,
            missing=self.missing,
            categories=tuple(self.categories),
            counts=np.array(self.counts, dtype=np.int64),
            tau=self.tau,
        )


_Kind = TypeVar("_Kind", bound=Column, covariant=True)  # noqa: PLC0105


class _Stored(Protocol[_Kind]):
    def column(self) -> _Kind: ...


class _Header(msgspec.Struct):
    format: str
    format_version: int


_Cells = Annotated[list[_Count], msgspec.Meta(min_length=CELLS, max_length=CELLS)]


_Kinds = Annotated[list[_Cells], msgspec.Meta(min_length=1, max_length=2)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class _Spread(msgspec.Struct, forbid_unknown_fields=True):
    periods: _NotNegative
    shift: _NotNegative


class _Reliability(msgspec.Struct, forbid_unknown_fields=True):
    classes: tuple[str, str] | None
    predictions: _Kinds
    right: _Kinds
    spreads: dict[str, _Spread]


class _Embedding(msgspec.Struct, forbid_unknown_fields=True):
    dimension: Annotated[int, msgspec.Meta(ge=1, le=MAX_DIMENSION)]
    columns: list[_Numeric]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    format_version: int
    digest: str
    model: str
    version: str
    provenance: Provenance
    columns: list[_Numeric | _Categorical]
    reliability: _Reliability | None = None
    expected_error: expected_error_file.Stored | None = None
    attributions: list[_Numeric] = []
    embedding: _Embedding | None = None
    density: list[stored_density.Stored] = []
    seasonal: stored_seasons.Stored | None = None


def write(reference: Reference, path: Path) -> None:
    """Write the file; an existing one is replaced as a whole or not at all.

    Equal references give equal bytes.

    Raises
    ------
    UsageError
        If the file can't be written.
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "digest": reference.digest,
        "model": reference.model,
        "version": reference.version,
        "provenance": asdict(reference.provenance),
        "columns": [column.document() for column in reference.columns],
    }
    if reference.reliability is not None:
        document["reliability"] = reference.reliability.document()
    if reference.expected_error is not None:
        document["expected_error"] = reference.expected_error.document()
    if reference.attributions:
        document["attributions"] = [column.document() for column in reference.attributions]
    if reference.embedding is not None:
        document["embedding"] = reference.embedding.document()
    if reference.density:
        document["density"] = [one.document() for one in reference.density]
    if reference.seasonal is not None:
        document["seasonal"] = reference.seasonal.document()
    text = json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n"
    whole_file.replace(path, text.encode("ascii"))


def read(path: Path) -> Reference:
    """Read and validate a file.

    Raises
    ------
    UsageError
        If it can't be read, is no reference, is of a newer format, or contradicts itself; the
        message names the field.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: can't read the reference: {error.strerror}; "
            "`modeltail reference build` writes one"
        ) from error
    header = _decode(content, _Header, path)
    if header.format != FORMAT:
        raise UsageError(f"{path}: format: expected {FORMAT!r}, got {header.format!r:.80}")
    if header.format_version != FORMAT_VERSION:
        raise UsageError(
            f"{path}: format_version: this program reads {FORMAT_VERSION}, "
            f"the file has {header.format_version}; build the reference again"
        )
    document = _decode(content, _File, path)
    columns = _columns(document.columns, "columns", path)
    reference = Reference(
        document.model,
        document.version,
        document.provenance,
        columns,
        _reliability(document.reliability, path),
        _expected_error(document.expected_error, columns, path),
        _columns(document.attributions, "attributions", path),
        _embedding(document.embedding, path),
        _density(document.density, path),
        _seasonal(document.seasonal, columns, path),
    )
    if reference.digest != document.digest:
        raise UsageError(
            f"{path}: digest: does not fit the content, so the file was damaged or edited; "
            "build the reference again"
        )
    return reference


def _columns(stored: Sequence[_Stored[_Kind]], part: str, path: Path) -> tuple[_Kind, ...]:
    """Return the columns of a part of the file."""
    columns = []
    for position, one in enumerate(stored):
        column = one.column()
        for field, good, expected in _rules(column):
            if not good():
                raise UsageError(
                    f"{path}: {part}[{position}].{field}: expected {expected} "
                    f"(column {column.name!r:.80})"
                )
        columns.append(column)
    names = [column.name for column in columns]
    if names != sorted(set(names)):
        raise UsageError(f"{path}: {part}: expected different names in ascending order")
    return tuple(columns)


def _embedding(stored: _Embedding | None, path: Path) -> EmbeddingReference | None:
    if stored is None:
        return None
    columns = _columns(stored.columns, "embedding.columns", path)
    names = Projection(stored.dimension).names
    if tuple(column.name for column in columns) != names:
        raise UsageError(f"{path}: embedding.columns: expected {', '.join(names)}")
    return EmbeddingReference(stored.dimension, columns)


def _density(stored: Sequence[stored_density.Stored], path: Path) -> tuple[DensityReference, ...]:
    try:
        return stored_density.restore(stored)
    except ValueError as error:
        raise UsageError(f"{path}: density{error}") from error


def _seasonal(
    stored: stored_seasons.Stored | None, columns: Sequence[Column], path: Path
) -> SeasonalReference | None:
    if stored is None:
        return None
    try:
        return stored_seasons.restore(stored, columns)
    except ValueError as error:
        raise UsageError(f"{path}: seasonal.{error}") from error


def _reliability(stored: _Reliability | None, path: Path) -> Reliability | None:
    if stored is None:
        return None
    kinds = 1 if stored.classes is None else 2
    if not len(stored.predictions) == len(stored.right) == kinds:
        raise UsageError(
            f"{path}: reliability: expected one row of counts, or two of a model of two classes"
        )
    if not set(stored.spreads) <= set(figures(kinds)):
        raise UsageError(f"{path}: reliability.spreads: expected only {', '.join(figures(kinds))}")
    found = Reliability(
        np.array(stored.predictions, dtype=np.int64),
        np.array(stored.right, dtype=np.int64),
        stored.classes,
        {name: Spread(one.periods, one.shift) for name, one in stored.spreads.items()},
    )
    if (found.right > found.predictions).any() or not found.enough:
        raise UsageError(
            f"{path}: reliability: expected at least {LEAST} predictions, and no more right ones"
        )
    return found


def _expected_error(
    stored: expected_error_file.Stored | None, columns: Sequence[Column], path: Path
) -> ExpectedError | None:
    if stored is None:
        return None
    try:
        return expected_error_file.restore(stored, columns)
    except ValueError as error:
        raise UsageError(f"{path}: expected_error.{error}") from error


def _decode(content: bytes, kind: Any, path: Path) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        field = where.rstrip("`").lstrip(".") or "the file"
        raise UsageError(f"{path}: {field}: {what}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: this is no reference file: {error}") from error


def _rules(column: Column) -> list[tuple[str, Callable[[], bool], str]]:
    """Return (field, check, what the field must hold); later checks rely on earlier ones."""
    rules: list[tuple[str, Callable[[], bool], str]] = [
        ("missing", lambda: column.missing <= column.rows, "at most as many as rows"),
        ("counts", lambda: column.n <= column.rows - column.missing, "at most rows - missing"),
    ]
    if isinstance(column, NumericColumn):
        cells, known = len(column.edges) + 1, "edges"
        rules += [
            (known, lambda: bool((np.diff(column.edges) > 0).all()), "ascending numbers"),
            ("sample", lambda: bool((np.diff(column.sample) >= 0).all()), "sorted numbers"),
        ]
    else:
        cells, known = len(column.categories) + 1, "categories"
        rules.append(
            (known, lambda: len(set(column.categories)) == cells - 1, "different categories")
        )
    rules.append(("counts", lambda: len(column.counts) == cells, f"one more entry than {known}"))
    return rules
