"""CSV (RFC 4180) below a header: the first line of each file names its columns.

Who goes on in the middle of a file has to be told that line. One that repeats it, as in files that
were joined, is a header too. A field may stand in double quotes, which are doubled within; it
can't hold a line end, since a line is a record.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import Cut, Refusal, TextLines, shown
from exporter.records import Parsed, RecordBatch

_MOST_HEADERS = 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CsvLines:
    """Parses the prediction log of one model.

    Parameters
    ----------
    columns
        What the texts mean.
    delimiter
        One character.
    """

    reasons = ("csv_header", "csv_fields", "csv_quote")

    def __init__(self, columns: TextColumns, delimiter: str = ",") -> None:
        self._columns = columns
        self._fields = Fields(delimiter)
        self._below: dict[bytes | None, TextLines] = {}

    def below(self, header: bytes | None) -> TextLines:
        """Return the parser of the lines of a file that begins with a line.

        Parameters
        ----------
        header
            That line, without its end; ``None`` if it is not known: all lines are rejected then.
        """
        if header not in self._below:
            if len(self._below) >= _MOST_HEADERS:
                # Files whose header is never the same again must not fill the memory.
                self._below.clear()
            self._below[header] = TextLines(self._cutter(header), self._columns)
        return self._below[header]

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode a whole file, whose first line is the header."""
        return self.below(lines[0] if lines else None).parse(lines, received)

    def _cutter(self, header: bytes | None) -> Rows | NoRows:
        if header is None:
            return NoRows("the first line of the file, which names the columns, can't be read")
        text, names = header_of(header, self._fields)
        if isinstance(names, Refusal):
            return NoRows(f"the first line of the file is no header: {names.problem}")
        keys = self._columns.keys.values()
        if self._columns.measured.isdisjoint(names):
            return NoRows(
                f"the first line of the file names no column that is measured: {shown(text)}"
            )
        repeated = [name for name, count in Counter(names).items() if count > 1 and name in keys]
        if repeated:
            return NoRows(f"the first line of the file names a column twice: {repeated[0]}")
        return Rows(text, names, self._fields)


def header_of(line: bytes, fields: Fields) -> tuple[str, list[str] | Refusal]:
    """Return a header as it is written, and the names that it gives to the columns."""
    text = line.removeprefix(_BYTE_ORDER_MARK).strip(b"\0\r").decode(errors="replace")
    row = fields.one(text)
    return text, row if isinstance(row, Refusal) else [name.strip() for name in row]


class NoRows:
    """Refuses all lines of a file without a usable header."""

    reasons = CsvLines.reasons

    def __init__(self, problem: str) -> None:
        self._refusal = Refusal("csv_header", problem)

    def cut(self, lines: Sequence[str]) -> Cut:
        """Refuse lines, as :class:`exporter.parsing.text_lines.Cutter` says."""
        return Cut({}, dict.fromkeys(range(len(lines)), self._refusal))


class Rows:
    """Cuts lines below one header.

    Parameters
    ----------
    header
        The header as it is written.
    names
        The names that it gives to the columns.
    fields
        Splits lines.
    """

    reasons = CsvLines.reasons

    def __init__(self, header: str, names: Sequence[str], fields: Fields) -> None:
        self._header = header
        self._names = tuple(names)
        self._fields = fields

    def cut(self, lines: Sequence[str]) -> Cut:
        """Cut lines, as :class:`exporter.parsing.text_lines.Cutter` says."""
        rows: list[list[str]] = []
        refused: dict[int, Refusal] = {}
        headers: list[int] = []
        width = len(self._names)
        for position, (line, row) in enumerate(zip(lines, self._fields.split(lines), strict=True)):
            if line == self._header:
                headers.append(position)
            elif isinstance(row, Refusal):
                refused[position] = row
            elif len(row) != width:
                problem = f"expected {width} fields, got {len(row)} in {shown(line)}"
                refused[position] = Refusal("csv_fields", problem)
            else:
                rows.append(row)
        columns = zip(*rows, strict=True) if rows else [()] * width
        return Cut(dict(zip(self._names, columns, strict=True)), refused, headers)


class Fields:
    """Splits lines into fields.

    Parameters
    ----------
    delimiter
        One character.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        # The csv module takes a quote within a bare field for a part of it: the second half of a
        # record with a line end would look like a record. RFC 4180 has quotes around fields only.
        field = f'(?:"(?:[^"]|"")*+"|[^"{re.escape(delimiter)}]*+)'
        self._quoted_well = re.compile(f"{field}(?:{re.escape(delimiter)}{field})*+")

    def split(self, lines: Sequence[str]) -> Iterator[list[str] | Refusal]:
        """Yield the fields of each line."""
        if '"' not in "".join(lines):
            return iter([line.split(self._delimiter) for line in lines])
        quoted = [line for line in lines if '"' in line]
        rows: Iterator[list[str] | Refusal] = map(self.one, quoted)
        if all(map(self._quoted_well.fullmatch, quoted)):
            # If one of them is too long for the module, it is looked for alone.
            with suppress(csv.Error):
                rows = iter(list(csv.reader(quoted, delimiter=self._delimiter, strict=True)))
        return (next(rows) if '"' in line else line.split(self._delimiter) for line in lines)

    def one(self, line: str) -> list[str] | Refusal:
        """Return the fields of a line."""
        if not self._quoted_well.fullmatch(line):
            problem = f"a quote is not closed, or inside of a field: {shown(line)}"
            return Refusal("csv_quote", problem)
        try:
            rows = list(csv.reader([line], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            return Refusal("csv_quote", f"{error} in {shown(line)}")
        # An empty line has no row.
        return rows[0] if rows else []
