"""Numbers and times as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

NOTHING = "-"
"""In the place of a figure that is not there."""


def number(value: float | None) -> str:
    """Return a number with at most four digits that matter.

    >>> number(1234567.0), number(0.123456), number(None)
    ('1,234,567', '0.1235', '-')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(value: float | None) -> str:
    """Return a ratio as percents.

    >>> percent(0.98765), percent(0.0004), percent(None)
    ('98.8 %', '0.04 %', '-')
    """
    if value is None or math.isnan(value):
        return NOTHING
    share = 100 * value
    return f"{share:.1f} %" if abs(share) >= 1 or not share else f"{share:.2g} %"


def probability(value: float | None) -> str:
    """Return a p-value.

    >>> probability(0.04321), probability(3.21e-9), probability(0.0), probability(None)
    ('0.043', '3.2e-09', '< 1e-300', '-')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if value == 0:
        return "< 1e-300"
    return f"{value:.2g}"


def duration(seconds: float | None) -> str:
    """Return a span of time in the unit that suits it.

    >>> [duration(each) for each in (0.0042, 12.3, 4000.0, 200_000.0, None)]
    ['4.2 ms', '12.3 s', '1.1 h', '2.3 d', '-']
    """
    if seconds is None or math.isnan(seconds):
        return NOTHING
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {unit}" if size == 1 else f"{seconds / size:.2g} {unit}"
    return f"{1000 * seconds:.3g} ms" if seconds else "0 s"


def moment(seconds: float | None) -> str:
    """Return a Unix time in UTC.

    >>> moment(1_700_000_000.5)
    '2023-11-14 22:13:20'
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return NOTHING


def size(count: float) -> str:
    """Return a number of bytes.

    >>> size(0), size(1536), size(5 * 2**30)
    ('0 B', '1.5 KiB', '5 GiB')
    """
    power = min(int(math.log(max(abs(count), 1), 1024)), 4)
    return f"{count / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


FILTERS: dict[str, Callable[[Any], str]] = {
    "number": number,
    "percent": percent,
    "probability": probability,
    "duration": duration,
    "moment": moment,
    "size": size,
}
