"""Columns that a collector put in front of each line, as container runtimes do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from exporter.records import Parsed, RecordBatch
from exporter.tailing.lines import Lines

_SHOWN_BYTES = 120
_EMPTY = b" \t\r\n\0"


class RecordParser(Protocol):
    """Decodes prediction logs."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why it may reject a line."""

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode complete lines, read at Unix time `received`."""


class WithoutLeadingFields:
    """Removes the columns, and hands on what follows them.

    Parameters
    ----------
    parser
        Decodes the rest.
    fields
        How many columns, each with a space behind it.
    """

    def __init__(self, parser: RecordParser, fields: int) -> None:
        self.reasons = (*parser.reasons, "leading_fields")
        self._parser = parser
        self._fields = fields
        self._columns = re.compile(rb"^(?:[^ \n]*+ ){%d}" % fields, re.MULTILINE)

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode complete lines, read at Unix time `received`.

        One with too few columns is rejected as ``leading_fields``.
        """
        block = Lines.of(lines)
        data, number = self._columns.subn(b"", block.data)
        if number == len(block):
            return self._parser.parse(Lines(data, number), received)
        places: list[int] = []
        rest: list[bytes] = []
        short: list[int] = []
        for place, line in enumerate(block):
            match = self._columns.match(line)
            if match is None and line.strip(_EMPTY):
                short.append(place)
            else:
                places.append(place)
                rest.append(line[match.end() :] if match else line)
        parsed = self._parser.parse(Lines.of(rest), received)
        examples = {
            reason: (places[position], problem)
            for reason, (position, problem) in parsed.examples.items()
        }
        if short:
            parsed.rejected["leading_fields"] += len(short)
            line = block[short[0]][:_SHOWN_BYTES]
            expected = f"expected {self._fields} columns and a record, got {line!r}"
            examples["leading_fields"] = (short[0], expected)
        return Parsed(parsed.batch, parsed.parsed, parsed.rejected, parsed.skipped, examples)
