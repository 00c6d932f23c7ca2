r"""Syslog lines with structured data: RFC 5424 (rsyslog: RSYSLOG_SyslogProtocol23Format).

A line is ``<PRI>1 TIME HOST APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]``, where ``-`` stands for
what is not known. The tag is APP-NAME. The message is, as in RFC 3164's lines, tag and MSG with
the digits removed: the same event is the same message in both formats. PROCID, MSGID and
structured data are no part of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_kept import variants
from exporter.parsing.syslog_processes import NOT_ASKED_FOR, process_field
from exporter.parsing.syslog_text import (
    DIGITS,
    EMPTY,
    MAX_HOST_CHARACTERS,
    MAX_TAG_CHARACTERS,
    MAX_TEXT_BYTES,
    MEMO_BYTES,
    PADDING,
    Integers,
    after_priority,
    categorical,
    number,
    text_of,
    without_fields,
)
from exporter.parsing.syslog_timestamps import parse_rfc3339
from exporter.records import Parsed, SyslogBatch
from exporter.tailing.lines import Lines

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SPACE, _COLON, _DASH, _BRACKET, _VERSION, _NEWLINE = b" :-[1\n"
_FIELDS = 5
"""From the time to MSGID."""
_MIN_TIME_BYTES = 20
_NAME = rb'[^ =\]"\n]++'
# The standard has a ] in a value escaped as well; what is in quotes is clear without that.
# Groups are repeated without being possessive: Debian 12's Python 3.11.2 then matches what is none
# (https://github.com/python/cpython/issues/106052). There is one way to match, so that giving back
# a repetition fails at once.
_STRUCTURED_DATA = re.compile(
    rb"(?:\[%b(?: %b=\"[^\"\\\n]*+(?:\\[^\n][^\"\\\n]*+)*\")*\])+(?=[ \n]|\Z)" % (_NAME, _NAME)
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EXPECTED = 'expected "<PRI>1 TIME HOST APP-NAME PROCID MSGID STRUCTURED-DATA MESSAGE"'


def is_rfc5424(text: Bytes, start: Integers) -> tuple[Mask, Integers]:
    """Return which lines begin with a priority and this version, and where their time begins.

    Parameters
    ----------
    text
        uint8, the characters of a whole block, and its padding.
    start
        int64[n], where the lines begin.
    """
    version = after_priority(text, start)
    marked = (version > start) & (text[version] == _VERSION) & (text[version + 1] == _SPACE)
    return marked, version + 2


def line_starts(text: Bytes, count: int) -> tuple[Integers, Integers]:
    """Return where each line of a padded block begins and ends (exclusive)."""
    end = np.flatnonzero(text == _NEWLINE)[:count]
    return np.concatenate([[0], end[:-1] + 1])[:count], end


@dataclass(frozen=True, slots=True)
class _Headers:
    """Where the parts of the decodable lines lie in the block, and what was wrong with others."""

    timestamp: NDArray[np.float64]
    host: tuple[Integers, Integers]
    app: tuple[Integers, Integers]
    process_start: Integers
    message: tuple[Integers, Integers]
    rows: NDArray[np.intp]
    rejected: dict[str, NDArray[np.intp]]


class Rfc5424Lines:
    """Decodes the lines of one source.

    Parameters
    ----------
    source
        The configured name of the source.
    leading_fields
        Space-separated columns that a collector put before the priority.
    details
        Whether process ids and variants are wanted: for alarms.
    """

    reasons = ("header", "timestamp", "structured_data")

    def __init__(self, source: str, leading_fields: int = 0, *, details: bool = True) -> None:
        self._source = source
        self._details = details
        self._leading_fields = leading_fields
        self._memo: dict[bytes, str] = {}
        self._memo_bytes = 0

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[SyslogBatch]:
        """Decode lines, given without their ends.

        Lines are rejected as ``header`` (not laid out as above), ``timestamp`` (no RFC 3339 time
        and no ``-``) or ``structured_data`` (not well-formed), and skipped as ``empty``.

        Parameters
        ----------
        received
            Unix seconds at which the lines were read.
        """
        return self.decode(lines, received)[0]

    def decode(
        self, lines: Sequence[bytes], received: float
    ) -> tuple[Parsed[SyslogBatch], NDArray[np.intp]]:
        """Do as :meth:`parse`; return also the positions of the lines that are in the batch."""
        headed = Lines.of(lines)
        if self._leading_fields:
            headed = Lines.of(without_fields(line, self._leading_fields) for line in lines)
        headers = _headers(headed)
        batch = self._batch(headed, headers, received)
        rejected: Counter[str] = Counter()
        skipped: Counter[str] = Counter()
        examples: dict[str, tuple[int, str]] = {}
        left_out = [np.empty(0, dtype=np.intp)]
        for reason, rows in headers.rejected.items():
            left_out.append(rows)
            for row in rows.tolist():
                line = lines[row]
                if not line.strip(EMPTY):
                    skipped["empty"] += 1
                    continue
                rejected[reason] += 1
                examples.setdefault(reason, (row, f"{_EXPECTED}, got {line[:120]!r}"))
        parsed = Parsed(batch, len(batch), rejected, skipped, examples)
        return parsed, np.delete(np.arange(len(lines)), np.concatenate(left_out))

    def _batch(self, lines: Lines, headers: _Headers, received: float) -> SyslogBatch:
        block = lines.data
        hosts = _slices(block, *headers.host)
        apps = _slices(block, *headers.app)
        # An app has no space in it: the first one parts it from the message.
        bodies = list(map(b" ".join, zip(apps, _slices(block, *headers.message), strict=True)))
        # Splitting nothing gives one line, hence the slice.
        stripped = b"\n".join(bodies).translate(None, DIGITS).split(b"\n")[: len(bodies)]
        host_codes, distinct_hosts = number(hosts)
        app_codes, distinct_apps = number(apps)
        codes, keys = number(stripped)
        said = categorical(codes, [self._message(key) for key in keys])
        return SyslogBatch(
            source=self._source,
            received=received,
            timestamp=headers.timestamp,
            host=categorical(
                host_codes, [_known(host)[:MAX_HOST_CHARACTERS] for host in distinct_hosts]
            ),
            tag=categorical(app_codes, [_known(app)[:MAX_TAG_CHARACTERS] for app in distinct_apps]),
            message=said,
            variant=variants(block, lines.breaks, headers.rows, said) if self._details else None,
            process=(
                process_field(block, headers.process_start) if self._details else NOT_ASKED_FOR
            ),
            lines=lines,
            rows=headers.rows,
        )

    def _message(self, key: bytes) -> str:
        message = self._memo.get(key)
        if message is None:
            # Attacked hosts log user names without end: the memo starts again when it is full.
            self._memo_bytes += 3 * len(key) + 300
            if self._memo_bytes > MEMO_BYTES:
                self._memo.clear()
                self._memo_bytes = 3 * len(key) + 300
            app, _, text = key.partition(b" ")
            tag = _known(app)[:MAX_TAG_CHARACTERS]
            said = text_of(text.strip(b" "))
            message = self._memo[key] = f"{tag}: {said}" if tag else said
        return message


def _headers(lines: Lines) -> _Headers:
    block = lines.data
    text = np.frombuffer(block + PADDING, dtype=np.uint8)
    start, line_end = line_starts(text, len(lines))
    versioned, start = is_rfc5424(text, start)
    # Five fields end with a space each; what follows is structured data.
    found = np.append(np.flatnonzero(text == _SPACE), [len(text)] * _FIELDS)
    first = np.minimum(np.searchsorted(found, start), len(found) - _FIELDS)
    ends = found[first[:, None] + np.arange(_FIELDS)]
    starts = np.column_stack([start, ends[:, :-1] + 1])
    laid_out = versioned & (ends[:, -1] + 1 < line_end) & (ends > starts).all(axis=1)

    timestamp, timed = _times(text, starts[:, 0], ends[:, 0], laid_out)
    message_start, formed = _message_starts(block, text, ends[:, -1] + 1, line_end, laid_out)
    good = timed & formed
    rejected = {
        reason: rows
        for reason, mask in (
            ("header", ~laid_out),
            ("timestamp", laid_out & ~timed),
            ("structured_data", laid_out & timed & ~formed),
        )
        if (rows := np.flatnonzero(mask)).size
    }
    message_start, line_end = message_start[good], line_end[good]
    return _Headers(
        timestamp[good],
        (starts[good, 1], ends[good, 1]),
        (starts[good, 2], ends[good, 2]),
        starts[good, 3],
        (message_start, np.minimum(line_end, message_start + MAX_TEXT_BYTES)),
        np.flatnonzero(good),
        rejected,
    )


def _times(
    text: Bytes, start: Integers, end: Integers, laid_out: Mask
) -> tuple[NDArray[np.float64], Mask]:
    """Return the instants, NaN for ``-``, and which lines have either."""
    timestamp = np.full(len(start), np.nan)
    unknown = laid_out & (end - start == 1) & (text[np.where(laid_out, start, 0)] == _DASH)
    rows = np.flatnonzero(laid_out & (end - start >= _MIN_TIME_BYTES))
    columns = text[start[rows, None] + np.arange(14)]
    dated = (columns[:, [4, 7, 13]] == (_DASH, _DASH, _COLON)).all(axis=1)
    dated &= (columns[:, 10] | 0x20) == ord("t")
    rows = rows[dated]
    if rows.size:
        timestamp[rows] = parse_rfc3339(text, start[rows], end[rows])
    return timestamp, unknown | ~np.isnan(timestamp)


def _message_starts(
    block: bytes, text: Bytes, start: Integers, line_end: Integers, laid_out: Mask
) -> tuple[Integers, Mask]:
    """Return where the messages behind structured data begin, and which lines have that."""
    start = np.where(laid_out, start, 0)
    end = start + 1
    formed = laid_out & (text[start] == _DASH)
    rows = np.flatnonzero(laid_out & (text[start] == _BRACKET))
    if rows.size:
        match = _STRUCTURED_DATA.match
        found = [match(block, place) for place in start[rows].tolist()]
        formed[rows] = [one is not None for one in found]
        end[rows] = [0 if one is None else one.end() for one in found]
    formed &= (end == line_end) | (text[end] == _SPACE)
    message = np.minimum(end + 1, line_end)
    if _BYTE_ORDER_MARK in block:
        marked = (text[message[:, None] + np.arange(3)] == tuple(_BYTE_ORDER_MARK)).all(axis=1)
        message = np.where(marked, message + 3, message)
    return message, formed


def _slices(block: bytes, start: Integers, end: Integers) -> list[bytes]:
    return [block[i:j] for i, j in zip(start.tolist(), end.tolist(), strict=True)]


def _known(value: bytes) -> str:
    return "" if value == b"-" else text_of(value)
