"""The keys of JSON: of one object, of a list of them, or of an object a line.

Records may leave keys out, or hold null: the schema is the union of what the first ones have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_DEPTH = 4
"""Objects within objects are followed so far."""
_KINDS = {str: "string", int: "number", float: "number", bool: "boolean"}


def columns(head: bytes, whole: bool) -> list[tuple[str, str]]:  # noqa: FBT001
    """Return path and type of each key, sorted: objects have no order.

    Raises
    ------
    ValueError
        If there is no object in what was read.
    """
    text = head.decode("utf-8-sig", "replace" if not whole else "strict")
    found = {column for record in _records(text, whole=whole) for column in _keys(record, "", 0)}
    if not found:
        raise ValueError("there is no object with a key")
    return sorted(found)


def _records(text: str, *, whole: bool) -> Iterator[Any]:
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError:
        lines = text.splitlines() if whole else text.splitlines()[:-1]
        if not lines:
            raise
        document = [json.loads(line) for line in lines if line.strip()]
    yield from document if isinstance(document, list) else [document]


def _keys(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEPTH:
        for key, inner in value.items():
            yield from _keys(inner, f"{path}.{key}" if path else key, depth + 1)
    elif value is not None and path:
        yield path, _KINDS.get(type(value), "list" if isinstance(value, list) else "object")
