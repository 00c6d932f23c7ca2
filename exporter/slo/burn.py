"""Error budgets and the rates at which they burn, in decimal arithmetic.

1 - 0.999 is 0.0010000000000000009 in binary floating point; here it is 0.001.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal

DAY, HOUR, MINUTE = 86_400, 3600, 60
_REFERENCE_SECONDS = 30 * DAY
SHORTEST_DAYS, LONGEST_DAYS = 6, 90
"""Windows of objectives, in whole days.

Of six days the shortest range is a minute, which holds four scrapes of 15 s.
"""

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Level:
    """One pair of windows that a budget's use is judged over.

    Attributes
    ----------
    severity
        Of the alert.
    share
        Of the whole budget that is gone, at the alert's threshold, after the long window.
    long
        Seconds of the window that shows whether it matters, of an objective over 30 days.
    """

    severity: Severity
    share: Decimal
    long: int

    @property
    def short(self) -> int:
        """Return the seconds of the window that shows whether it still goes on."""
        return self.long // 12

    @property
    def factor(self) -> Decimal:
        """Return how many times as fast as the objective allows the budget is used.

        At factor 1 the budget lasts for exactly the window of the objective.
        """
        return (self.share * _REFERENCE_SECONDS / self.long).normalize()


LEVELS = (
    Level("critical", Decimal("0.02"), HOUR),
    Level("critical", Decimal("0.05"), 6 * HOUR),
    Level("warning", Decimal("0.1"), DAY),
    Level("warning", Decimal("0.1"), 3 * DAY),
)
"""Source: Beyer et al. (2018), The Site Reliability Workbook, chapter 5, table 5-8."""

LOOSEST = (1 - 1 / LEVELS[0].factor).quantize(Decimal("0.0001"), ROUND_DOWN)
"""What an objective must exceed, to four decimal places: see :func:`too_loose`."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A level as it is judged for objectives over one window; all in seconds but `level`."""

    level: Level
    window: int
    long: int
    short: int

    @property
    def wait(self) -> int:
        """Return for how long an alert is pending: a 24th of the long window, in whole minutes."""
        return max(1, self.long // 24 // MINUTE) * MINUTE


def decimal(number: float) -> Decimal:
    """Return a number as it was written, in its shortest form.

    >>> decimal(0.999)
    Decimal('0.999')
    """
    return Decimal(repr(number))


def error_budget(objective: float) -> Decimal:
    """Return the share of events that may be bad.

    >>> error_budget(0.999)
    Decimal('0.001')
    """
    return 1 - decimal(objective)


def too_loose(objective: float) -> bool:
    """Return whether the highest factor can't be exceeded, even if all events are bad.

    >>> too_loose(0.93), too_loose(0.931)
    (True, False)
    """
    return LEVELS[0].factor * error_budget(objective) >= 1


def scaled(days: int) -> tuple[Scaled, ...]:
    """Return the levels for objectives over a number of days, in the order of :data:`LEVELS`.

    All windows are in proportion, so that factors and shares of the budget stay what they are.
    Over whole days they come out in whole seconds.
    """
    return tuple(
        Scaled(level, days * DAY, level.long * days // 30, level.short * days // 30)
        for level in LEVELS
    )


def duration(seconds: int) -> str:
    """Return a duration as Prometheus writes it.

    >>> duration(259_200), duration(60_480), duration(70)
    ('3d', '16h48m', '1m10s')
    """
    text, rest = "", seconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text
