"""Times in syslog headers: RFC 3164's local time without a year, and RFC 3339.

RFC 3164 section 4.1.2 writes "Mmm dd hh:mm:ss" in the sender's local time. The year is taken to
be the one that puts the message closest below the time of reading plus one day: a log is read
after it was written, and a day leaves room for a wrong clock or another time zone.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from exporter.errors import UsageError

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DAY_SECONDS = 86_400
# A day with a leap second has one more.
SECONDS_BASE = DAY_SECONDS + 1
AHEAD_SECONDS = 60.0
MAX_FRACTION_DIGITS = 9

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LOWER_CASE = 0x20


def _packed(name: str) -> int:
    first, second, third = name.encode()
    return first << 16 | second << 8 | third


_MONTH_KEYS = np.array(sorted(map(_packed, _MONTHS)), dtype=np.int64)
_MONTH_NUMBERS = np.array(
    [number for _, number in sorted((_packed(name), i + 1) for i, name in enumerate(_MONTHS))],
    dtype=np.int64,
)


class YearlessTime:
    """Turns "Mmm dd hh:mm:ss" columns into Unix seconds.

    Of two instants that a clock set back gives the same name, the later one is meant unless it
    lies in the future. A time that a clock set forward never showed is read with the offset that
    held before (PEP 495).

    Parameters
    ----------
    timezone
        "local", "UTC" or an IANA name.

    Raises
    ------
    UsageError
        If there is no such time zone.
    """

    def __init__(self, timezone: str = "local") -> None:
        try:
            # A datetime without a zone is in the system's own time.
            self._zone = None if timezone == "local" else ZoneInfo(timezone)
        except (KeyError, OSError, ValueError) as error:
            raise UsageError(
                f"{timezone!r} is no time zone; expected local, UTC, or for example Europe/Zurich"
            ) from error

    def parse(self, columns: Bytes, received: float) -> Floats:
        """Return the instants of "Mmm dd hh:mm:ss".

        Parameters
        ----------
        columns
            uint8[n, >= 15], the characters.
        received
            Unix seconds at which the lines were read.

        Returns
        -------
        float64[n], Unix seconds; NaN where the columns hold no such time.
        """
        text = columns.T
        letters = (text[:3] | _LOWER_CASE).astype(np.int64)
        key = letters[0] << 16 | letters[1] << 8 | letters[2]
        position = np.minimum(np.searchsorted(_MONTH_KEYS, key), len(_MONTHS) - 1)
        tens = np.where(text[4] == ord(" "), ord("0"), text[4]).astype(np.uint8)
        numbers, valid = _numbers(
            np.stack([tens, text[5], text[7], text[8], text[10], text[11], text[13], text[14]])
        )
        day, hour, minute, second = numbers
        valid &= _MONTH_KEYS[position] == key
        # 60 is a leap second; it is counted as the first second of the next minute.
        valid &= (day >= 1) & (day <= 31) & (hour <= 23) & (minute <= 59) & (second <= 60)
        instants = np.full(len(columns), np.nan)
        rows = np.flatnonzero(valid)
        packed_day = (_MONTH_NUMBERS[position] * 32 + day)[rows]
        second_of_day = (hour * 3600 + minute * 60 + second)[rows]
        instants[rows] = self._resolve(packed_day, second_of_day, received)
        return instants

    def _resolve(self, packed_day: Integers, second_of_day: Integers, received: float) -> Floats:
        # Most days need one conversion for all their lines.
        midnights = np.full(13 * 32, np.nan)
        for day in np.flatnonzero(np.bincount(packed_day)).tolist():
            month, day_of_month = divmod(day, 32)
            midnights[day] = self._uniform_midnight(month, day_of_month, received)
        instants: Floats = midnights[packed_day] + second_of_day
        rest = np.flatnonzero(np.isnan(instants))
        if rest.size:
            packed = packed_day[rest] * SECONDS_BASE + second_of_day[rest]
            moments, inverse = np.unique(packed, return_inverse=True)
            exact = [self._latest(moment, received) for moment in moments.tolist()]
            instants[rest] = np.array(exact)[inverse]
        return instants

    def _uniform_midnight(self, month: int, day: int, received: float) -> float:
        """Return the start of a day without a change of clocks, NaN where that does not settle it.

        That is also so for the day of the limit, whose later hours belong to another year.
        """
        limit = received + DAY_SECONDS
        for year in self._years(limit):
            edges = [
                self._instant(year, month, day, second, fold)
                for second in (0, DAY_SECONDS - 1)
                for fold in (0, 1)
            ]
            if edges[0] <= limit:
                uniform = edges[0] == edges[1] and edges[2] == edges[3] == edges[0] + 86_399
                return edges[0] if uniform and edges[3] <= limit else np.nan
        return np.nan

    def _latest(self, moment: int, received: float) -> float:
        packed_day, second_of_day = divmod(moment, SECONDS_BASE)
        month, day = divmod(packed_day, 32)
        limit = received + DAY_SECONDS
        for year in self._years(limit):
            first, second = (
                self._instant(year, month, day, second_of_day, fold) for fold in (0, 1)
            )
            instant = second if first < second <= received + AHEAD_SECONDS else first
            if instant <= limit:
                return instant
        return np.nan

    def _years(self, limit: float) -> range:
        # Two leap years are at most eight years apart (1896 and 1904, 2096 and 2104).
        latest = datetime.fromtimestamp(limit, self._zone).year
        return range(latest, max(latest - 9, 1), -1)

    def _instant(self, year: int, month: int, day: int, second_of_day: int, fold: int) -> float:
        minute_of_day, second = divmod(min(second_of_day, DAY_SECONDS - 1), 60)
        try:
            local = datetime(
                year, month, day, *divmod(minute_of_day, 60), second, tzinfo=self._zone, fold=fold
            )
            return local.timestamp() + second_of_day - min(second_of_day, DAY_SECONDS - 1)
        except (ValueError, OverflowError):
            # There is no such day in this year (NaN compares as false: the next year is tried).
            return np.nan


def parse_rfc3339(text: Bytes, start: Integers, end: Integers) -> Floats:
    """Return the instants of "2026-11-22T17:28:06.123456+00:00" (or Z, or an offset "+0000").

    Parameters
    ----------
    text
        uint8, the characters of a whole block, at least 32 more than the last `end`.
    start, end
        int64[n], where each time begins and ends (exclusive).

    Returns
    -------
    float64[n], Unix seconds; NaN where there is no such time.
    """
    columns = text[start[:, None] + np.arange(19)].T
    digits = columns[[0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]]
    numbers, valid = _numbers(digits)
    century, year_of_century, month, day, hour, minute, second = numbers
    valid &= (month >= 1) & (month <= 12) & (day >= 1) & (hour <= 23) & (minute <= 59)
    valid &= second <= 60
    months = (century * 100 + year_of_century - 1970) * 12 + month - 1
    first_of_month = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_month = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = first_of_month + day - 1
    valid &= days < next_month
    offset, zone, zoned = _offset(text, end)
    fraction, exact = _fraction(text, start + 19, zone)
    seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset
    instants: Floats = seconds + fraction
    instants[~(valid & zoned & exact)] = np.nan
    return instants


def _offset(text: Bytes, end: Integers) -> tuple[Integers, Integers, Mask]:
    """Return the offset from UTC in seconds, where it begins, and whether there is one."""
    utc = (text[end - 1] | _LOWER_CASE) == ord("z")
    colon = text[end - 3] == ord(":")
    zone = np.where(utc, end - 1, np.where(colon, end - 6, end - 5))
    minutes_at = np.where(colon, zone + 4, zone + 3)
    numbers, valid = _numbers(
        np.stack([text[zone + 1], text[zone + 2], text[minutes_at], text[minutes_at + 1]])
    )
    hours, minutes = numbers
    sign = text[zone]
    valid &= ((sign == ord("+")) | (sign == ord("-"))) & (hours <= 23) & (minutes <= 59)
    offset = np.where(sign == ord("-"), -1, 1) * (hours * 3600 + minutes * 60)
    return np.where(utc, 0, offset), zone, valid | utc


def _fraction(text: Bytes, start: Integers, end: Integers) -> tuple[Floats, Mask]:
    """Return the fraction of a second between two places, and whether what is there is one."""
    length = end - start - 1
    valid = (length == -1) | (
        (text[start] == ord(".")) & (length >= 1) & (length <= MAX_FRACTION_DIGITS)
    )
    numerator = np.zeros(len(start), dtype=np.int64)
    for place in range(MAX_FRACTION_DIGITS):
        inside = valid & (place < length)
        if not inside.any():
            break
        digit = text[start + 1 + place] - np.uint8(ord("0"))
        valid &= ~inside | (digit <= 9)
        numerator = np.where(inside, numerator * 10 + digit, numerator)
    return numerator / 10.0 ** np.maximum(length, 0), valid


def _numbers(digits: Bytes) -> tuple[Integers, Mask]:
    """Read pairs of digits: uint8[2 k, n] gives int64[k, n], and whether all were digits."""
    # Unsigned subtraction wraps, so that everything that is no digit comes out above 9.
    values = digits - np.uint8(ord("0"))
    pairs = values[0::2].astype(np.int64) * 10 + values[1::2]
    return pairs, np.less_equal(values.max(axis=0), 9)
