"""Timestamps of log records to Unix seconds, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A number from here on is milliseconds: 1e11 seconds are the year 5138, 1e11 ms are 1973.
_FIRST_MILLISECONDS = 1e11
_UTC_FORM = "0000-00-00T00:00:00.000Z"
_DIGITS = [index for index, character in enumerate(_UTC_FORM) if character == "0"]
_PUNCTUATION = [index for index, character in enumerate(_UTC_FORM) if character in "-T:.Z"]
_ZERO = ord("0")


def unix_seconds(column: Sequence[Any]) -> NDArray[np.float64]:
    """Convert RFC 3339 strings and Unix times (seconds or milliseconds, told by their size).

    A string without an offset is taken as UTC.

    Returns
    -------
    float64[n]
        Unix seconds; NaN for ``None`` and for what is no time. Times before 1970 are none: the
        zero times that some languages print for "unknown", such as ``0001-01-01T00:00:00Z``.
    """
    seconds = _utc_milliseconds(column)
    if seconds is None:
        seconds = np.array([_one(value) for value in column], dtype=np.float64)
    return np.where(seconds < 0, np.nan, seconds)


def _utc_milliseconds(column: Sequence[Any]) -> NDArray[np.float64] | None:
    """Convert a column that is in the form of `PredictionLogger` throughout, else ``None``."""
    width = len(_UTC_FORM)
    try:
        text = "".join(column)
    except TypeError:
        return None
    regular = len(text) == width * len(column) and text.isascii()
    if not text or not regular or set(map(len, column)) != {width}:
        return None
    characters = np.frombuffer(text.encode(), dtype=np.uint8).reshape(-1, width)
    digits = characters[:, _DIGITS] - np.uint8(_ZERO)
    expected = np.frombuffer(_UTC_FORM.encode(), dtype=np.uint8)[_PUNCTUATION]
    if (digits > 9).any() or (characters[:, _PUNCTUATION] != expected).any():
        return None
    try:
        # numpy checks months and days; it takes no "Z".
        local = np.ascontiguousarray(characters[:, :-1]).view(f"S{width - 1}").ravel()
        times = local.astype("datetime64[ms]")
    except ValueError:
        return None
    return times.astype(np.int64) / 1000.0


def _one(value: object) -> float:
    if isinstance(value, bool) or value is None:
        return float("nan")
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return float("nan")
        if not np.isfinite(number) or number < 0:
            return float("nan")
        return number / 1000.0 if number >= _FIRST_MILLISECONDS else number
    try:
        # RFC 3339 takes a small "t" and "z" too.
        moment = datetime.fromisoformat(str(value).upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return float("nan")
