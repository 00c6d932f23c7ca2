"""Timestamps of log records to Unix seconds, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A number from here on is milliseconds: 1e11 seconds are the year 5138, 1e11 ms are 1973.
_FIRST_MILLISECONDS = 1e11
_UTC_FORM = "0000-00-00T00:00:00.000Z\n"
_DIGITS = [index for index, character in enumerate(_UTC_FORM) if character == "0"]
_PUNCTUATION = [index for index, character in enumerate(_UTC_FORM) if character != "0"]
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
    digits = _utc_digits(column)
    if digits is None:
        return None
    year, month, day, hour, minute, second, millisecond = (
        _number(digits[begin:end]) for begin, end in pairwise((0, 4, 6, 8, 10, 12, 14, 17))
    )
    if (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    dates, which = _runs(year * 10_000 + month * 100 + day)
    try:
        # numpy checks months and days.
        midnights = np.array(
            [f"{date // 10_000:04}-{date // 100 % 100:02}-{date % 100:02}" for date in dates],
            dtype="datetime64[ms]",
        ).astype(np.int64)
    except ValueError:
        return None
    of_day = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
    seconds: NDArray[np.float64] = (midnights[which] + of_day) / 1000.0
    return seconds


def _utc_digits(column: Sequence[Any]) -> NDArray[np.uint8] | None:
    """Return uint8[17, n], the digits of such a column; whether they make a time is not checked."""
    width = len(_UTC_FORM)
    try:
        # As many line ends as there are values, each where one is expected: so none is in a value.
        text = "\n".join([*column, ""])
    except TypeError:
        return None
    if not text or len(text) != width * len(column) or not text.isascii():
        return None
    characters = np.frombuffer(text.encode(), dtype=np.uint8).reshape(-1, width).T
    if any((characters[at] != ord(_UTC_FORM[at])).any() for at in _PUNCTUATION):
        return None
    digits: NDArray[np.uint8] = characters[_DIGITS] - np.uint8(_ZERO)
    return None if (digits > 9).any() else digits


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return int64[n], the numbers that uint8[k, n] decimal digits write."""
    number: NDArray[np.int64] = digits[0].astype(np.int64)
    for digit in digits[1:]:
        number = number * 10 + digit
    return number


def _runs(values: NDArray[np.int64]) -> tuple[list[int], NDArray[np.intp]]:
    """Return values, one for each run of equal ones, and for each the position of its run."""
    begins = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return values[begins].tolist(), np.cumsum(begins) - 1


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
