"""What a log looks like whose lines do not parse: a hint for whoever configures it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence

from exporter.parsing.logfmt import Logfmt

_MOST_LEADING_FIELDS = 5
_DELIMITERS = ",;\t|"
SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+\S*) \S+ "
    r"(?:[^ :\[]+(?:\[\d+\])?: |\S+ \S+ \S+ (?:-|\[))"
)


def likely_format(lines: Sequence[bytes]) -> str:
    """Return what lines look like, and what to do about it: "looks like CSV: format: csv".

    Parameters
    ----------
    lines
        The first of a file.

    Returns
    -------
    str
        Empty where nothing is likely.
    """
    data = b"\n".join(lines)
    if data.startswith(b"\x1f\x8b"):
        return "is compressed with gzip: let its name end in .gz"
    if b"\0" in data:
        return "is binary, or a text in UTF-16"
    texts = [line.decode(errors="replace").strip("\ufeff") for line in lines if line.strip()]
    return next(filter(None, (look(texts) for look in _LOOKS)), "") if texts else ""


def _json(texts: Sequence[str]) -> str:
    if all(map(_is_object, texts)):
        return "looks like JSON: format: json"
    for fields in range(1, _MOST_LEADING_FIELDS + 1):
        if all(_is_object(text.split(" ", fields)[-1]) for text in texts):
            return f"looks like JSON behind {fields} columns: leading_fields: {fields}"
    if texts[0].strip() in ("[", "{", "[{"):
        return "looks like JSON over several lines: write each record in one"
    return ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (RecursionError, ValueError):
        return False


def _syslog(texts: Sequence[str]) -> str:
    return "looks like syslog: name it under syslog" if all(map(SYSLOG.match, texts)) else ""


def _logfmt(texts: Sequence[str]) -> str:
    pairs = all(text.count("=") > 1 for text in texts) and not Logfmt().cut(texts).refused
    return "looks like logfmt: format: logfmt" if pairs else ""


def _csv(texts: Sequence[str]) -> str:
    for delimiter in _DELIMITERS:
        widths = set(map(len, _rows(texts, delimiter)))
        if len(texts) > 1 and len(widths) == 1 and min(widths) > 1:
            how = "" if delimiter == "," else f", csv: {{delimiter: {json.dumps(delimiter)}}}"
            return f"looks like CSV: format: csv{how}"
    return ""


def _rows(texts: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    for text in texts:
        try:
            yield next(csv.reader([text], delimiter=delimiter, strict=True))
        except csv.Error:
            yield []


_LOOKS: tuple[Callable[[Sequence[str]], str], ...] = (_json, _syslog, _logfmt, _csv)
