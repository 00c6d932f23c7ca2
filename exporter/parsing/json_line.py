"""One JSON line to the values of its fields, under the configured keys.

The fast way is a msgspec type made for the configured keys: it decodes just those and checks
their types on the way. A line that it refuses goes the slow way, where one bad field costs only
that field, and where the NaN and Infinity that Python's own encoder writes are understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from exporter.errors import RecordRejectedError

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
    """

    field: str
    key: Key
    kind: str


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
    """Decodes lines to tuples of leaf values, in the order of `leaves`; absent ones are ``None``.

    Parameters
    ----------
    leaves
        What to read. No key may be the beginning of another.
    """

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = tuple(leaves)
        attributes: dict[Key, str] = {}
        line = _struct({leaf.key: _TYPES[leaf.kind] for leaf in leaves}, (), "", attributes)
        # attrgetter returns a bare value for one attribute; the constant keeps it a tuple.
        self._values = attrgetter(*(attributes[leaf.key] for leaf in leaves), "__class__")
        self._decoder = msgspec.json.Decoder(line)

    def fast(self, lines: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """Decode lines that are all in order.

        Raises
        ------
        msgspec.DecodeError, ValueError, RecursionError
            If any of them is not (:data:`REFUSALS`).
        """
        decode, values = self._decoder.decode, self._values
        return [values(decode(line)) for line in lines]

    def one(self, line: bytes) -> tuple[tuple[Any, ...], list[tuple[str, str]]]:
        """Decode a line the fast way if that works, else the slow way.

        Returns
        -------
        values, violations
            The values, and (field, rule) for each that had to be dropped.

        Raises
        ------
        RecordRejectedError
            If the line is no JSON object.
        """
        try:
            return self._values(self._decoder.decode(line)), []
        except REFUSALS:
            return self._slow(line)

    def _slow(self, line: bytes) -> tuple[tuple[Any, ...], list[tuple[str, str]]]:
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
        values: list[Any] = []
        for leaf in self.leaves:
            value = _walk(record, leaf.key)
            if value is not None and not _ACCEPTS[leaf.kind](value):
                violations.append((leaf.field, "type"))
                value = None
            values.append(value)
        return (*values, dict), violations


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
