"""The columns of CSV: its header, in order. Values tell no type that the next one may not break."""

from __future__ import annotations

import csv

_DELIMITERS = ",;\t|"


def columns(head: bytes, whole: bool) -> list[tuple[str, str]]:  # noqa: FBT001
    """Return the names of the columns.

    Raises
    ------
    ValueError
        If there is no header, or it is no text.
    """
    line, end, _ = head.partition(b"\n")
    if not line.strip() or not (end or whole):
        raise ValueError("there is no header line")
    text = line.decode("utf-8-sig").rstrip("\r")
    delimiter = max(_DELIMITERS, key=text.count)
    [names] = csv.reader([text], delimiter=delimiter)
    return [(name.strip(), "") for name in names]
