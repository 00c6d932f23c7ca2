"""The schema of a dependency as a hash: which columns or keys there are, and of which types."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, Literal

from exporter.dependencies import csv_schema, json_schema, parquet_schema

Format = Literal["csv", "json", "parquet"]
HEAD_BYTES = 1 << 20
"""How much of the beginning of CSV and JSON is read."""

Schema = Iterable[tuple[str, str]]
"""Name and type of each column."""

_READERS: Mapping[Format, Callable[[bytes, bool], Schema]] = {
    "csv": csv_schema.columns,
    "json": json_schema.columns,
}
_ENDINGS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}


def format_of(name: str) -> Format | None:
    """Return the format that the ending of a name tells; Parquet only if it can be read."""
    found = _ENDINGS.get(PurePath(name).suffix.lower())
    return None if found == "parquet" and not parquet_schema.available() else found


def of_head(kind: Format, head: bytes, *, whole: bool) -> str:
    """Return the hash of the schema that the first bytes show.

    Parameters
    ----------
    whole
        Whether `head` is all there is.

    Raises
    ------
    ValueError
        If the bytes are not of that format, or too few to tell.
    """
    return digest(_READERS[kind](head, whole))


def of_file(kind: Format, path: str) -> str:
    """Return the hash of the schema of a file.

    Raises
    ------
    OSError
        If it can't be read.
    ValueError
        If it is not of that format.
    """
    if kind == "parquet":
        return digest(parquet_schema.columns(path))
    with open(path, "rb") as file:  # noqa: PTH123 The path comes from a directory listing.
        head = file.read(HEAD_BYTES + 1)
    return of_head(kind, head[:HEAD_BYTES], whole=len(head) <= HEAD_BYTES)


def digest(columns: Schema) -> str:
    """Return 8 hex digits that depend on names, types and their order."""
    text: Any = json.dumps([list(column) for column in columns], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
