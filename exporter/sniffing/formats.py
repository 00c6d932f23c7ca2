"""What a log is, by its first lines."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.parsing.logfmt import Logfmt
from exporter.parsing.sniffing import SYSLOG
from exporter.sniffing.keys import flattened, mapping

ENOUGH = 0.9
"""Share of the lines that have to be of a format; a log may have others among them."""
_MOST_LEADING_FIELDS = 5
_DELIMITERS = ",;\t|"
_REQUEST = (
    r'^(?P<client>\S+) \S+ \S+ \[(?P<when>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^" ]*)[^"]*" '
    r'(?:(?P<error_type>5\d\d)|\d{3}) (?:\d+|-)(?: "[^"]*" "[^"]*")?'
)
"""The combined log format of nginx and Apache (https://httpd.apache.org/docs/current/logs.html)."""
_ACCESS_LOG = (
    "An access log: an answer of 5xx is an error, every request an attempt. Say in the pattern "
    "which path the model has."
)
_NO_TIME = "Its time is not read, which wants RFC 3339: events are of the time they are read."
_TIMED = r"(?: (?:rt=)?(?P<latency_s>\d+\.\d+)\b)"


@dataclass(frozen=True, slots=True)
class Guess:
    """What a log is likely to be.

    Attributes
    ----------
    settings
        Keys of the configuration beside name and paths, such as `format`.
    fields
        Key of each field that was found.
    kind
        ``model`` or ``syslog``.
    remarks
        For people.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    kind: str = "model"
    remarks: tuple[str, ...] = ()


def recognise(lines: Sequence[str]) -> Guess | None:
    """Return what lines are, ``None`` if nobody knows."""
    texts = [line.strip("\ufeff") for line in lines if line.strip()]
    if not texts:
        return None
    return next(filter(None, (look(texts) for look in _LOOKS)), None)


def _mostly(texts: Sequence[str], fits: Sequence[bool]) -> bool:
    return sum(fits) >= ENOUGH * len(texts)


def _json(texts: Sequence[str]) -> Guess | None:
    for skipped in range(_MOST_LEADING_FIELDS + 1):
        records = [_object(text.split(" ", skipped)[-1]) for text in texts]
        if _mostly(texts, [record is not None for record in records]):
            found = mapping([flattened(record) for record in records if record])
            settings = {"leading_fields": skipped} if skipped else {}
            return Guess(settings, found)
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _syslog(texts: Sequence[str]) -> Guess | None:
    fits = [bool(SYSLOG.match(text)) for text in texts]
    return Guess(kind="syslog") if _mostly(texts, fits) else None


def _access(texts: Sequence[str]) -> Guess | None:
    for pattern, fields in (
        (_REQUEST + _TIMED, {"error_type": "error_type", "latency_s": "latency_s"}),
        (_REQUEST, {"error_type": "error_type"}),
    ):
        expression = re.compile(pattern)
        if _mostly(texts, [bool(expression.search(text)) for text in texts]):
            remarks = (_ACCESS_LOG, _NO_TIME)
            return Guess({"format": "regex", "pattern": pattern}, fields, remarks=remarks)
    return None


def _logfmt(texts: Sequence[str]) -> Guess | None:
    cut = Logfmt().cut(texts)
    if not _mostly(texts, [text.count("=") > 1 for text in texts]) or len(cut.refused) > (
        1 - ENOUGH
    ) * len(texts):
        return None
    rows = [
        {key: value for key, value in zip(cut.texts, row, strict=True) if value is not None}
        for row in zip(*cut.texts.values(), strict=True)
    ]
    return Guess({"format": "logfmt"}, mapping(rows))


def _csv(texts: Sequence[str]) -> Guess | None:
    for delimiter in _DELIMITERS:
        try:
            header, *rows = csv.reader(texts, delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            continue
        if len(header) < 2 or not rows or len(set(header)) < len(header):
            continue
        if not all(name and not _is_number(name) for name in header):
            continue
        if _mostly(rows_text := texts[1:], [len(row) == len(header) for row in rows]) and rows_text:
            records = [dict(zip(header, row, strict=False)) for row in rows]
            settings: dict[str, Any] = {"format": "csv"}
            if delimiter != ",":
                settings["csv"] = {"delimiter": delimiter}
            return Guess(settings, mapping(records))
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_LOOKS: tuple[Callable[[Sequence[str]], Guess | None], ...] = (
    _json,
    _syslog,
    _access,
    _logfmt,
    _csv,
)
