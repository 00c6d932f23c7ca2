"""A few of the records that broke a rule, for people to look at: in memory, never in a metric."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from exporter.quality.fields import split

KEPT = 50
PER_RULE = 3
"""Of the records of a batch that break one rule the last ones, so that none crowds out others."""
MAX_SHOWN = 80
_LONGEST_INTEGER_BITS = 256


@dataclass(frozen=True, slots=True)
class Offender:
    """A value that broke a rule.

    Attributes
    ----------
    event_time
        Unix seconds of its record.
    version
        The model's version, empty if the record has none.
    field, rule
        As in `model_field_violations_total`.
    value
        The value, or if it may not be shown what kind of one it is; no longer than
        :data:`MAX_SHOWN`.
    shown
        Whether `value` is the value.
    """

    event_time: float
    version: str
    field: str
    rule: str
    value: str
    shown: bool


class Offenders:
    """The last :data:`KEPT` values that broke a rule.

    Parameters
    ----------
    show_values
        Whether values may be shown.
    redact
        Fields, or maps of fields, whose values may not be shown in any case.
    """

    def __init__(self, *, show_values: bool, redact: Collection[str]) -> None:
        self._show_values = show_values
        self._redact = frozenset(redact)
        self._latest: deque[Offender] = deque(maxlen=KEPT)

    def add(
        self,
        field: str,
        rule: str,
        values: Iterable[tuple[str, Any]],
        event_time: float,
        version: str,
    ) -> None:
        """Add a record.

        Parameters
        ----------
        values
            Name and value of the fields that the rule is about.
        """
        each = list(values)
        shown = all(self.may_show(path) for path, _ in each)
        value = ", ".join(written(one) if shown else kind(one) for _, one in each)
        self._latest.append(Offender(event_time, version, field, rule, _cut(value), shown))

    def may_show(self, path: str) -> bool:
        """Return whether the values of a field may be shown."""
        within = split(path)
        inside_redacted = within is not None and within[0] in self._redact
        return self._show_values and path not in self._redact and not inside_redacted

    def latest(self) -> tuple[Offender, ...]:
        """Return them, the latest last."""
        return tuple(self._latest)


def kind(value: Any) -> str:
    """Return what kind of value it is, which tells nothing of a person.

    >>> [kind(value) for value in ("I'm 23 years old.", float("nan"), -3.14, None)]
    ['text of 17 characters', 'nan', 'negative number', 'nothing']
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return "negative number" if value < 0 else "number"


def written(value: Any) -> str:
    r"""Return a value in one line, without what would steer a terminal or a page's layout.

    >>> written("a\x1b[2Jb"), written(-3.14), written(None)
    ("'a?[2Jb'", '-3.14', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        plain = "".join(one if one.isprintable() else "?" for one in value[: MAX_SHOWN + 1])
        return f"'{plain}'"
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER_BITS:
        return f"number of {value.bit_length()} bits"
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
