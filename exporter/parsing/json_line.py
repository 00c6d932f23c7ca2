"""One JSON line to the values of its fields, under the configured keys.

The fast way is a msgspec type made for the configured keys: it decodes just those and checks
their types on the way. A line that it refuses goes the slow way, where one bad field costs only
that field, and where the NaN and Infinity that Python's own encoder writes are understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import msgspec
import numpy as np

from exporter.errors import RecordRejectedError
from exporter.tailing.lines import Lines

Record = Any
"""A decoded line, of a type that is made for the configured keys."""

Key = tuple[str, ...]
"""Path of keys from the root of a line to a value."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value wanted from each line.

    Attributes
    ----------
    field
        Its name in the record schema, for messages and counters.
    key
        Where it is in the line.
    kind
        ``text``, ``number``, ``scalar``, ``map`` (of scalars), ``raw`` (kept undecoded) or
        ``any``.
    rare
        Whether most logs do not have it, so that it should cost nothing there.
    """

    field: str
    key: Key
    kind: str
    rare: bool = False


_OPENING, _CLOSING = b"{}"

REFUSALS = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoder raises for a line it can't take; ValueError is for invalid UTF-8."""

Scalar = str | int | float | bool | None
_TYPES: Mapping[str, Any] = {
    "text": str | None,
    "number": float | None,
    "scalar": Scalar,
    "map": dict[str, Scalar] | None,
    "raw": msgspec.Raw,
    "any": Any,
}
_ACCEPTS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "scalar": lambda value: isinstance(value, str | int | float | bool),
    "map": lambda value: isinstance(value, dict),
    "raw": lambda value: isinstance(value, dict),
    "any": lambda _: True,
}


class LineDecoder:
    """Decodes lines to records, and records to columns.

    Parameters
    ----------
    leaves
        What to read. No key may be the beginning of another.
    """

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = tuple(leaves)
        attributes: dict[Key, str] = {}
        self._type = _struct({leaf.key: _TYPES[leaf.kind] for leaf in leaves}, (), "", attributes)
        self._paths = [attributes[leaf.key] for leaf in leaves]
        self._columns = [_column(path) for path in self._paths]
        # Rare leaves that no record had so far, by position.
        self._unseen = {number for number, leaf in enumerate(leaves) if leaf.rare}
        self._having = self._having_unseen()
        self._decoder = msgspec.json.Decoder(self._type)
        self.good: Callable[[bytes], Record] = self._decoder.decode
        """Decodes one line that is in order; raises :data:`REFUSALS` for any other."""

    def fast(self, lines: Lines) -> list[Record]:
        """Decode lines that are all in order.

        Raises
        ------
        msgspec.DecodeError, ValueError, RecursionError
            If any of them is not (:data:`REFUSALS`).
        """
        records = self._decoder.decode_lines(lines.data)
        if len(records) != len(lines) or not _one_object_each(lines):
            raise ValueError("a line does not hold one object, and no more")
        return records

    def one(self, line: bytes) -> tuple[Record, list[tuple[str, str]]]:
        """Decode a line the fast way if that works, else the slow way.

        Returns
        -------
        record, violations
            The record, and (field, rule) for each value that had to be dropped.

        Raises
        ------
        RecordRejectedError
            If the line is no JSON object.
        """
        try:
            return self._decoder.decode(line), []
        except REFUSALS:
            return self._slow(line)

    def columns(self, records: Sequence[Record]) -> list[list[Any] | None]:
        """Return the values of each leaf, in the order of `leaves`; absent ones are ``None``.

        A rare leaf that no record has is ``None`` as a whole.
        """
        having = self._having(records)
        if having:
            self._unseen -= {n for n in self._unseen if not _nothing(self._columns[n](having))}
            self._having = self._having_unseen()
        found: list[list[Any] | None] = [
            None if number in self._unseen else column(records)
            for number, column in enumerate(self._columns)
        ]
        for number, leaf in enumerate(self.leaves):
            if leaf.rare and _nothing(found[number]):
                found[number] = None
        return found

    def _having_unseen(self) -> Callable[[Sequence[Record]], list[Record]]:
        """Return a function that returns the records with a value at any leaf not seen before."""
        # One pass over the records tells that they have none of many fields.
        paths = [self._paths[number] for number in sorted(self._unseen)]
        condition = " or ".join(f"record.{path} is not None" for path in paths) or "False"
        having: Callable[[Sequence[Record]], list[Record]] = eval(  # noqa: S307
            f"lambda records: [record for record in records if {condition}]"
        )
        return having

    def _slow(self, line: bytes) -> tuple[Record, list[tuple[str, str]]]:
        violations: list[tuple[str, str]] = []
        try:
            # A byte order mark is what some programs begin a file with.
            text = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = line.decode(errors="replace")
            violations.append(("line", "utf8"))
        try:
            record = json.loads(text)
            if "\\ud" in text or "\\uD" in text:
                # Half a surrogate pair can be written in no encoding: not exposed, nor stored.
                record = json.loads(json.dumps(record, ensure_ascii=False).encode(errors="replace"))
        except RecursionError as error:
            raise RecordRejectedError("too_deep", "nested too deeply") from error
        except ValueError as error:
            raise RecordRejectedError("not_json", str(error)) from error
        if not isinstance(record, dict):
            raise RecordRejectedError(
                "not_object", f"expected a JSON object, got {type(record).__name__}"
            )
        accepted = self._type()
        for leaf, path in zip(self.leaves, self._paths, strict=True):
            value = _walk(record, leaf.key)
            if value is None:
                continue
            if _ACCEPTS[leaf.kind](value):
                *parents, name = path.split(".")
                setattr(reduce(getattr, parents, accepted), name, value)
            else:
                violations.append((leaf.field, "type"))
        return accepted, violations


def _one_object_each(lines: Lines) -> bool:
    """Return whether lines that decode to as many objects hold one each.

    The decoder takes a line end for any other space. Where ``}`` comes before it and ``{`` after it
    the line end is between two objects, since within one there would be a comma.
    """
    # An empty line at either end has nothing before it, or after it.
    if lines.data.startswith(b"\n") or lines.data.endswith(b"\n"):
        return False
    data = np.frombuffer(lines.data, dtype=np.uint8)
    before, after = data[lines.breaks - 1], data[lines.breaks + 1]
    return bool((before == _CLOSING).all() and (after == _OPENING).all())


def _column(path: str) -> Callable[[Sequence[Record]], list[Any]]:
    # A function with the attribute written in takes half the time of one that is told it. The path
    # is made of the names that `_struct` gives, whatever the keys of the log are.
    column: Callable[[Sequence[Record]], list[Any]] = eval(  # noqa: S307
        f"lambda records: [record.{path} for record in records]"
    )
    return column


def _nothing(column: list[Any] | None) -> bool:
    # Most columns are there or not from the first record on.
    return not column or (column[0] is None and column.count(None) == len(column))


def _walk(record: Any, key: Key) -> Any:
    for part in key:
        if not isinstance(record, dict):
            return None
        record = record.get(part)
    return record


def _struct(
    types: Mapping[Key, Any], prefix: Key, path: str, attributes: dict[Key, str]
) -> type[msgspec.Struct]:
    """Build the type of one level of a line, and note the attribute path of each of its leaves."""
    children = dict.fromkeys(key[0] for key in types)
    fields: list[tuple[str, Any, Any]] = []
    for position, child in enumerate(children):
        # Attributes are numbered since a key of the log can be any text.
        attribute = f"a{position}"
        below = {key[1:]: kind for key, kind in types.items() if key[0] == child}
        if () in below:
            kind = below[()]
            default: Any = None if kind is not msgspec.Raw else msgspec.Raw()
            attributes[(*prefix, child)] = path + attribute
        else:
            kind = _struct(below, (*prefix, child), f"{path}{attribute}.", attributes)
            default = msgspec.field(default_factory=kind)
        fields.append((attribute, kind, default))
    return msgspec.defstruct(
        "Line", fields, rename={f"a{i}": child for i, child in enumerate(children)}, gc=False
    )
