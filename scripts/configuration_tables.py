"""docs/configuration.md: every key with type, default and description, from the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pydantic

from exporter.config.quantities import duration_seconds
from exporter.config.schema import json_schema
from exporter.config.section import Section
from exporter.windows import Window
from scripts.markdown_table import table

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


def render() -> str:
    """Return one section with a table for each section of the file, outer ones first."""
    schema = json_schema()
    parts = []
    classes = dict(_sections(Section))
    pending: list[tuple[str, Any]] = [("", schema)]
    while pending:
        path, section = pending.pop(0)
        keys = section["properties"]
        required = section.get("required", ())
        model = classes[section["title"]]
        rows = []
        for key, description in keys.items():
            kind, inner = _kind(description, schema)
            default = "required" if key in required else _default(model.model_fields[key], kind)
            rows.append((f"`{key}`", kind, default, description.get("description", "")))
            pending += [(f"{path}{key}{suffix}", nested) for suffix, nested in inner]
        title = f"`{path.removesuffix('.')}`" if path else "The file"
        header = ("key", "type", "default", "description")
        parts.append(f"## {title}\n\n{section['description']}\n\n{table(header, rows)}")
    return "\n".join(parts)


def _sections(parent: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    for section in parent.__subclasses__():
        yield section.__name__, section
        yield from _sections(section)


def _kind(description: Any, schema: Any) -> tuple[str, list[tuple[str, Any]]]:
    """Return the type of a value in words, and the sections that it holds, by path suffix."""
    if "oneOf" in description:
        found = [_kind(one, schema) for one in description["oneOf"]]
        words = [kind for kind, _ in found]
        return " or ".join(words), [one for _, inner in found for one in inner]
    if "anyOf" in description:
        [description] = [one for one in description["anyOf"] if one.get("type") != "null"]
    if "$ref" in description:
        return "section", [(".", _resolved(description, schema))]
    if description.get("type") == "array":
        kind, inner = _kind(description["items"], schema)
        return f"list of {_plural(kind)}", [(f"[]{suffix}", nested) for suffix, nested in inner]
    if description.get("type") == "object":
        kind, inner = _kind(description["additionalProperties"], schema)
        names = description.get("propertyNames", {}).get("enum")
        keys = _either(names) if names else "name"
        return f"map of {keys} to {kind}", [(f".*{suffix}", nested) for suffix, nested in inner]
    return _scalar(description), []


def _scalar(description: Any) -> str:
    if "enum" in description:
        return _either(description["enum"])
    match description["type"]:
        case ["string", "integer"]:
            return "size"
        case ["string", "number", "boolean"]:
            return "value"
        case "string" if "pattern" in description:
            return "duration"
        case "string" if description.get("format") == "path":
            return "path"
        case simple:
            return _TYPES[simple] + "".join(_bounds(description))


def _either(values: Sequence[str]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _plural(kind: str) -> str:
    return kind if kind.endswith("s") else f"{kind}s"


def _resolved(reference: Any, schema: Any) -> Any:
    return schema["$defs"][reference["$ref"].removeprefix("#/$defs/")]


def _bounds(description: Any) -> Iterator[str]:
    for key, words in (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    ):
        if key in description:
            yield f" {words} {description[key]:g}"


def _default(field: Any, kind: str) -> str:
    value = field.get_default(call_default_factory=True)
    if kind == "section" and value is None:
        return "absent"
    if isinstance(value, pydantic.BaseModel):
        return "its defaults"
    return "none" if value is None else f"`{_written(value, kind)}`"


def _written(value: Any, kind: str) -> str:
    """Return a value as it is written in YAML."""
    if kind == "duration":
        return _duration(value)
    if isinstance(value, Window):
        return value.name
    if isinstance(value, tuple):
        return f"[{', '.join(_written(one, '') for one in value)}]"
    if isinstance(value, dict):
        pairs = (f'"{key}": {_written(one, "")}' for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, pydantic.BaseModel):
        return _written(value.model_dump(exclude_defaults=True), "")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _duration(seconds: float) -> str:
    """Return the shortest way to write whole seconds.

    >>> _duration(2_592_000.0)
    '30d'
    """
    unit, size = next((unit, size) for unit, size in _UNITS.items() if seconds % size == 0)
    text = f"{seconds / size:.0f}{unit}"
    if duration_seconds(text) != seconds:
        raise ValueError(f"{seconds} s can't be written as a duration")
    return text
