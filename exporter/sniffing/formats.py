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
from exporter.sniffing.access_logs import ACCESS_LOGS
from exporter.sniffing.keys import flattened, mapping

ENOUGH = 0.9
"""Share of the lines that have to be of a format; a log may have others among them."""
_MOST_LEADING_FIELDS = 5
_DELIMITERS = ",;\t|"
_AMONG_OTHERS = 0.1
"""The same of a log that others write to as well."""
_OTHERS = "Lines that are no JSON are skipped, and counted in modeltail_lines_skipped_total."


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
    for log in ACCESS_LOGS:
        expression = re.compile(log.pattern)
        share = sum(bool(expression.search(text)) for text in texts) / len(texts)
        if share >= (_AMONG_OTHERS if log.beside else ENOUGH):
            settings = {"format": "regex", "pattern": log.pattern}
            if log.beside:
                settings["others"] = "skip"
            return Guess(settings, {name: name for name in log.fields}, remarks=log.remarks)
    return None


def _json_among_others(texts: Sequence[str]) -> Guess | None:
    """Look for records between the lines that a library or server writes."""
    records = [record for text in texts if (record := _object(text)) is not None]
    found = mapping([flattened(record) for record in records])
    if len(records) < _AMONG_OTHERS * len(texts) or not found:
        return None
    return Guess({"others": "skip"}, found, remarks=(_OTHERS,))


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
    _json_among_others,
)
