"""Syslog lines of either format, told line by line: RFC 5424 begins with its version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_processes import NOT_ASKED_FOR
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.parsing.syslog_rfc5424 import Rfc5424Lines, is_rfc5424, line_starts
from exporter.parsing.syslog_text import PADDING, without_fields
from exporter.records import Categorical, Parsed, SyslogBatch
from exporter.tailing.lines import Lines

Rows = NDArray[np.intp]
_VERSION = b">1 "


class SyslogParser(Protocol):
    """Decodes syslog lines."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why it may reject a line."""

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[SyslogBatch]:
        """Decode complete lines, read at Unix time `received`."""


def syslog_parser(
    source: str,
    form: str = "auto",
    timezone: str = "local",
    leading_fields: int = 0,
    *,
    details: bool = True,
) -> SyslogParser:
    """Return the parser of a source.

    Parameters
    ----------
    form
        ``auto``, ``rfc3164`` or ``rfc5424``.
    source, timezone, leading_fields, details
        As of :class:`exporter.parsing.syslog_rfc3164.SyslogLines`.

    Raises
    ------
    UsageError
        If there is no such time zone.
    """
    if form == "rfc3164":
        return SyslogLines(source, timezone, leading_fields, details=details)
    if form == "rfc5424":
        return Rfc5424Lines(source, leading_fields, details=details)
    return EitherSyslogLines(source, timezone, leading_fields, details=details)


class EitherSyslogLines:
    """Decodes the lines of one source, whichever format each has.

    Parameters
    ----------
    source, timezone, leading_fields, details
        As of :class:`exporter.parsing.syslog_rfc3164.SyslogLines`.
    """

    reasons = tuple(dict.fromkeys((*SyslogLines.reasons, *Rfc5424Lines.reasons)))

    def __init__(
        self,
        source: str,
        timezone: str = "local",
        leading_fields: int = 0,
        *,
        details: bool = True,
    ) -> None:
        self._old = SyslogLines(source, timezone, leading_fields, details=details)
        self._new = Rfc5424Lines(source, leading_fields, details=details)
        self._details = details
        self._leading_fields = leading_fields

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[SyslogBatch]:
        """Decode lines, given without their ends; see the parsers of the two formats."""
        block = Lines.of(lines)
        if _VERSION not in block.data:
            return self._old.parse(block, received)
        new = self._is_new(block)
        if new.all():
            return self._new.parse(block, received)
        if not new.any():
            return self._old.parse(block, received)
        parts = []
        for parser, rows in ((self._old, np.flatnonzero(~new)), (self._new, np.flatnonzero(new))):
            lines_of_part = [block.single[row] for row in rows.tolist()]
            parsed, accepted = parser.decode(lines_of_part, received)
            parts.append((parsed, rows, rows[accepted]))
        return _interleaved(parts, lines, details=self._details)

    def _is_new(self, block: Lines) -> NDArray[np.bool_]:
        if self._leading_fields:
            block = Lines.of(without_fields(line, self._leading_fields) for line in block)
        text = np.frombuffer(block.data + PADDING, dtype=np.uint8)
        return is_rfc5424(text, line_starts(text, len(block))[0])[0]


def _interleaved(
    parts: Sequence[tuple[Parsed[SyslogBatch], Rows, Rows]],
    lines: Sequence[bytes],
    *,
    details: bool,
) -> Parsed[SyslogBatch]:
    """Join parts in the order of their lines.

    Parameters
    ----------
    parts
        What was made of some of the lines, the positions of these lines, and of those of them that
        are in the batch.
    lines
        All of them.
    """
    rejected: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    examples: dict[str, tuple[int, str]] = {}
    for parsed, rows, _ in parts:
        rejected += parsed.rejected
        skipped += parsed.skipped
        for reason, (position, problem) in parsed.examples.items():
            first = (int(rows[position]), problem)
            examples[reason] = min(first, examples.get(reason, first))
    places = np.concatenate([accepted for _, _, accepted in parts])
    order = np.argsort(places)
    batches = [parsed.batch for parsed, _, _ in parts]
    batch = SyslogBatch(
        source=batches[0].source,
        received=batches[0].received,
        timestamp=np.concatenate([batch.timestamp for batch in batches])[order],
        host=_joined([batch.host for batch in batches], order),
        tag=_joined([batch.tag for batch in batches], order),
        message=_joined([batch.message for batch in batches], order),
        variant=(
            _joined([batch.variant or batch.message for batch in batches], order)
            if details
            else None
        ),
        process=(
            np.concatenate([batch.process for batch in batches])[order]
            if details
            else NOT_ASKED_FOR
        ),
        lines=lines,
        rows=places[order],
    )
    return Parsed(batch, len(batch), rejected, skipped, examples)


def _joined(columns: Sequence[Categorical], order: Rows) -> Categorical:
    values = [value for column in columns for value in column.decode()]
    return Categorical.encode([values[place] for place in order.tolist()])
