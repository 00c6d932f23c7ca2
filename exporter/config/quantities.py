"""Durations, sizes and windows as they are written in the configuration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from exporter.windows import Window

_DURATION_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB|GiB)?")
_SIZE_UNITS = {
    None: 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_SHORTEST_WINDOW_SECONDS = 1.0


def duration_seconds(value: object) -> float:
    """Return the seconds of a Prometheus duration.

    >>> duration_seconds("1h30m")
    5400.0

    Raises
    ------
    ValueError
        If it is no duration, or not positive.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a duration needs a unit, for example {value}s")  # noqa: TRY004
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError(f"{value!r} is no duration; expected for example 30s, 5m, 1h30m, 7d")
    parts = _DURATION_PART.findall(value)
    seconds = float(sum(int(number) * _DURATION_UNITS[unit] for number, unit in parts))
    if seconds <= 0:
        raise ValueError(f"{value!r} must be longer than 0")
    return seconds


def size_bytes(value: object) -> int:
    """Return the bytes of a size.

    >>> size_bytes("1GiB")
    1073741824

    Raises
    ------
    ValueError
        If it is no size, or not positive.
    """
    match = _SIZE.fullmatch(str(value)) if not isinstance(value, bool) else None
    if match is None:
        raise ValueError(f"{value!r} is no size; expected for example 512MiB, 1GiB")
    size = int(float(match[1]) * _SIZE_UNITS[match[2]])
    if size <= 0:
        raise ValueError(f"{value!r} must be larger than 0")
    return size


def window(value: object) -> Window:
    """Return the window that a duration names; its spelling becomes the label.

    Raises
    ------
    ValueError
        If it is no duration, or shorter than a second.
    """
    if isinstance(value, Window):
        return value
    seconds = duration_seconds(value)
    if seconds < _SHORTEST_WINDOW_SECONDS:
        raise ValueError(f"{value!r} is too short; the shortest window is 1s")
    return Window(str(value), seconds)


_DURATION_SCHEMA = {"type": "string", "pattern": f"^{_DURATION.pattern}$"}

Duration = Annotated[
    float, BeforeValidator(duration_seconds), WithJsonSchema(_DURATION_SCHEMA, mode="validation")
]
Size = Annotated[
    int,
    BeforeValidator(size_bytes),
    WithJsonSchema({"type": ["string", "integer"]}, mode="validation"),
]
WindowName = Annotated[
    Window, BeforeValidator(window), WithJsonSchema(_DURATION_SCHEMA, mode="validation")
]

Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A number from 0 to 1."""
