"""Nested state to rows and back.

A row is named by a JSON pointer (RFC 6901): ``/tail/positions/64769:1234`` is the value under that
key of the map ``positions`` in the map ``tail``; the empty pointer is the row of everything that is
in no row of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from exporter.storage.encoding import ELSEWHERE, decode
from exporter.storage.rows import Archive, Rows

ROOT = ""
_PLAIN = frozenset({int, float, str, bytes, bool, type(None), np.ndarray})


def child(path: str, key: str) -> str:
    """Return the name of the row of a key in the map at `path`."""
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"


def lifted(value: Any, path: str, found: dict[str, Rows | Archive]) -> Any:
    """Return a value without what has rows of its own, which is put into `found` by its path.

    :class:`Rows` and :class:`Archive` are looked for in maps, and in lists that begin with one or
    with a map.
    """
    if isinstance(value, Rows | Archive):
        found[path] = value
        return ELSEWHERE
    if isinstance(value, dict):
        return {
            key: lifted(each, child(path, str(key)), found) if _may_hold_rows(each) else each
            for key, each in value.items()
        }
    if _may_hold_rows(value):
        return [lifted(each, child(path, str(index)), found) for index, each in enumerate(value)]
    return value


def nested(encoded: Mapping[str, bytes], archives: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """Return the value whose rows these are, with plain maps in place of :class:`Rows`.

    Parameters
    ----------
    encoded
        Rows by path.
    archives
        What stands in place of each :class:`Archive` that has rows, by path.

    Raises
    ------
    msgspec.DecodeError, ValueError, TypeError
        If a row can't be decoded.
    KeyError
        If the row of the whole is missing.
    """
    children: defaultdict[str, list[str]] = defaultdict(list)
    for path in encoded:
        if path != ROOT:
            children[path.rpartition("/")[0]].append(path)

    def built(path: str) -> Any:
        return filled(decode(encoded[path]), path)

    def filled(value: Any, path: str) -> Any:
        if value is ELSEWHERE:
            if path in archives:
                return archives[path]
            return {_key(row): built(row) for row in children[path]}
        if isinstance(value, dict):
            return {
                key: filled(each, child(path, str(key))) if _may_hold_rows(each) else each
                for key, each in value.items()
            }
        if _may_hold_rows(value):
            return [filled(each, child(path, str(index))) for index, each in enumerate(value)]
        return value

    return built(ROOT)


def _may_hold_rows(value: Any) -> bool:
    if value.__class__ in _PLAIN:
        return False
    if isinstance(value, list | tuple):
        # Long lists of plain values are the rule; looking at the first one is enough.
        return bool(value) and value[0].__class__ not in _PLAIN and _may_hold_rows(value[0])
    return value is ELSEWHERE or isinstance(value, dict | Rows | Archive)


def _key(path: str) -> str:
    return path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
