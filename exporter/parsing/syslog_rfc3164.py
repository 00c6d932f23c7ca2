"""Syslog lines as daemons write them to files: RFC 3164, also with RFC 3339 times.

A line is ``[<PRI>]TIME HOST TAG[PID]: TEXT`` where TIME is "Mmm dd hh:mm:ss" (RFC 3164, a fixed
width) or "2026-11-22T17:28:06.123456+00:00" (rsyslog's RSYSLOG_FileFormat).

The message is, as in Haque, DeLucia and Baseman (HUST 2017), tag and text with the digits removed
and without the process id. Daemons write few distinct messages, so a line costs one translation
of its bytes, shared by the whole block, and one look-up in a dictionary; only a line that is new to
the dictionary, its digits aside, is taken apart.

What a line without an ordinary tag means follows rsyslog where it can:

- A tag ends at ``:`` or ``[``. ``su[12] failed``, without the colon, has the tag ``su``.
- A tag of two to four words counts up to RFC 3164's 32 characters and when a colon and a space
  follow, as in ``Server Administrator: fan failed``. Words that are numbers are no part of it:
  ``syslogd 1.4.1: restart.`` has the tag ``syslogd``.
- Other lines (``-- MARK --``, ``last message repeated 3 times``) have the tag "".
- A host that ends in ``:`` or ``]`` is the tag of a line without a host; the host is then "".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_kept import variants
from exporter.parsing.syslog_processes import NOT_ASKED_FOR, bracketed
from exporter.parsing.syslog_text import (
    DIGITS,
    EMPTY,
    MAX_HOST_CHARACTERS,
    MAX_LEADING_FIELDS,
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
from exporter.parsing.syslog_timestamps import YearlessTime, parse_rfc3339
from exporter.records import Categorical, Parsed, SyslogBatch
from exporter.tailing.lines import Lines

_SPACE, _COLON, _DASH, _BRACKET = b" :-]"
_NUMERIC = DIGITS + b"."
_TAG = re.compile(
    rb" *(?:(?P<word>[^ :\[]+)(?:\[[^\] ]*\]:?|:)"
    rb"|(?P<words>(?=[^:]{1,32}:)[^ :\[]+(?: [^ :\[]+){1,3})(?:\[[^\] ]*\])?:(?= |$)) *"
)
_HEADER_BYTES = len("Mmm dd hh:mm:ss ")
_BODY_ONLY = b"\n"
"""In front of a key that holds no header; no line holds it."""
_EXPECTED = 'expected "Mmm dd hh:mm:ss host tag: text" or an RFC 3339 time in front'


class _Message(NamedTuple):
    """What a line's bytes say once their digits are removed."""

    tag: str
    message: str
    tag_end: int
    """Where the tag ends, if it holds no digit."""
    terminator: int
    """The byte that is found there; -1 where there is no tag."""


@dataclass(frozen=True, slots=True)
class _Headers:
    """Where the parts of the decodable lines lie in the block, and what was wrong with others.

    `good` is bool[lines], the decodable lines; `odd` int[], those of them of which the body can't
    be found without the digits, or is cut.
    """

    good: NDArray[np.bool_]
    odd: NDArray[np.intp]
    timestamp: NDArray[np.float64]
    host_start: Integers
    host_end: Integers
    body_start: Integers
    body_end: Integers
    rejected: dict[str, NDArray[np.intp]]


class SyslogLines:
    """Decodes the lines of one source.

    Parameters
    ----------
    source
        The configured name of the source.
    timezone
        Of times without an offset: "local", "UTC" or an IANA name.
    leading_fields
        Space-separated columns that a collector put before the header.
    details
        Whether process ids and variants are wanted: for alarms.

    Raises
    ------
    UsageError
        If there is no such time zone.
    """

    reasons = ("header", "timestamp")

    def __init__(
        self,
        source: str,
        timezone: str = "local",
        leading_fields: int = 0,
        *,
        details: bool = True,
    ) -> None:
        self._source = source
        self._details = details
        self._time = YearlessTime(timezone)
        self._leading_fields = leading_fields
        self._memo: dict[bytes, _Message] = {}
        self._memo_bytes = 0

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[SyslogBatch]:
        """Decode lines, given without their ends.

        Lines are rejected as ``header`` (not laid out as a syslog line) or ``timestamp`` (laid
        out as one, but there is no such time), and skipped as ``empty``.

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
        headers = self._headers(headed, received)
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
                if reason not in examples:
                    hint = self._hint(line, received)
                    examples[reason] = (row, f"{_EXPECTED}, got {line[:120]!r}{hint}")
        parsed = Parsed(batch, len(batch), rejected, skipped, examples)
        return parsed, np.delete(np.arange(len(lines)), np.concatenate(left_out))

    def _hint(self, line: bytes, received: float) -> str:
        """Say how many leading fields would make it a syslog line, if any do."""
        for fields in range(MAX_LEADING_FIELDS + 1):
            headed = without_fields(line, fields) if fields else line
            if len(self._headers(Lines(headed, 1), received).timestamp):
                return f"; it would fit with {fields} leading fields, not {self._leading_fields}"
        return ""

    def _headers(self, lines: Lines, received: float) -> _Headers:
        text = np.frombuffer(lines.data + PADDING, dtype=np.uint8)
        line_end = np.append(lines.breaks, len(lines.data))[: len(lines)]
        start = np.append(0, lines.breaks + 1)[: len(lines)]
        start = after_priority(text, start)
        spaces = np.append(np.flatnonzero(text == _SPACE), len(text))

        # Many lines in a row have the same second: its characters are looked at once.
        heads, run = _runs(text, start)
        columns = text[start[heads, None] + np.arange(_HEADER_BYTES)]
        is_yearless = (columns[:, [3, 6, 15]] == _SPACE).all(axis=1)
        is_yearless &= (columns[:, [9, 12]] == _COLON).all(axis=1)
        is_dated = (columns[:, [4, 7, 13]] == (_DASH, _DASH, _COLON)).all(axis=1)
        is_dated &= (columns[:, 10] == ord("T")) | (columns[:, 10] == ord("t"))
        instant = np.full(len(heads), np.nan)
        if is_yearless.any():
            instant[is_yearless] = self._time.parse(columns[is_yearless], received)
        yearless, dated, timestamp = is_yearless[run], is_dated[run], instant[run]
        time_end = start + 15
        if dated.any():
            after = np.minimum(spaces[np.searchsorted(spaces, start[dated])], line_end[dated])
            time_end[dated] = after
            dated[dated] = after - start[dated] >= 20
            timestamp[dated] = parse_rfc3339(text, start[dated], time_end[dated])

        host_start = np.minimum(time_end + 1, line_end)
        host_end = np.minimum(spaces[np.searchsorted(spaces, host_start)], line_end)
        laid_out = (yearless | dated) & (host_end > host_start)
        timed = ~np.isnan(timestamp)
        rejected = {
            reason: rows
            for reason, mask in (("header", ~laid_out), ("timestamp", laid_out & ~timed))
            if (rows := np.flatnonzero(mask)).size
        }
        good = laid_out & timed
        host_start, host_end, line_end = host_start[good], host_end[good], line_end[good]
        last = text[host_end - 1]
        tag_instead = (last == _COLON) | ((last == _BRACKET) & (text[host_start] != ord("[")))
        body_start = np.where(tag_instead, host_start, np.minimum(host_end + 1, line_end))
        body_end = np.minimum(line_end, body_start + MAX_TEXT_BYTES)
        return _Headers(
            good,
            np.flatnonzero(tag_instead | (body_end < line_end)),
            timestamp[good],
            host_start,
            np.where(tag_instead, host_start, host_end),
            body_start,
            body_end,
            rejected,
        )

    def _batch(self, lines: Lines, headers: _Headers, received: float) -> SyslogBatch:
        block = lines.data
        host_codes, distinct_hosts = _hosts(block, headers)
        # Splitting nothing gives one line, hence the slice.
        stripped = block.translate(None, DIGITS).split(b"\n")[: len(lines)]
        if headers.rejected:
            stripped = list(compress(stripped, headers.good.tolist()))
        for row in headers.odd.tolist():
            body = block[headers.body_start[row] : headers.body_end[row]]
            stripped[row] = _BODY_ONLY + body.translate(None, DIGITS)
        codes, keys = number(stripped)
        messages = [self._message(key) for key in keys]
        tags, tag_end = _tags(block, headers, codes, messages)
        said = categorical(codes, [message.message for message in messages])
        rows = np.flatnonzero(headers.good)
        return SyslogBatch(
            source=self._source,
            received=received,
            timestamp=headers.timestamp,
            host=categorical(
                host_codes, [text_of(host)[:MAX_HOST_CHARACTERS] for host in distinct_hosts]
            ),
            tag=tags,
            message=said,
            variant=variants(block, lines.breaks, rows, said) if self._details else None,
            process=bracketed(block, tag_end) if self._details else NOT_ASKED_FOR,
            lines=lines,
            rows=rows,
        )

    def _message(self, key: bytes) -> _Message:
        message = self._memo.get(key)
        if message is None:
            # Attacked hosts log user names without end: the memo starts again when it is full.
            self._memo_bytes += 3 * len(key) + 300
            if self._memo_bytes > MEMO_BYTES:
                self._memo.clear()
                self._memo_bytes = 3 * len(key) + 300
            message = self._memo[key] = _take_apart(_body(key))
        return message


def _runs(text: NDArray[np.uint8], start: Integers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group lines in a row whose headers begin with the same bytes.

    Returns
    -------
    heads, run
        int[runs], the first line of each; int[lines], which run a line belongs to.
    """
    every = np.ndarray(len(text) - _HEADER_BYTES + 1, f"V{_HEADER_BYTES}", text, strides=(1,))
    words = every[start].view(np.uint64).reshape(-1, _HEADER_BYTES // 8)
    begins = np.ones(len(start), dtype=bool)
    begins[1:] = (words[1:] != words[:-1]).any(axis=1)
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _hosts(block: bytes, headers: _Headers) -> tuple[NDArray[np.int32], list[bytes]]:
    """Return the number of each line's host, and the hosts."""
    start, end = headers.host_start, headers.host_end
    if len(start) and (end - start == end[0] - start[0]).all():
        first = block[start[0] : end[0]]
        text = np.frombuffer(block, dtype=np.uint8)
        if all((text[start + place] == byte).all() for place, byte in enumerate(first)):
            return np.zeros(len(start), dtype=np.int32), [first]
    return number(
        [block[begin:stop] for begin, stop in zip(start.tolist(), end.tolist(), strict=True)]
    )


def _body(key: bytes) -> bytes:
    """Return what follows the host in a line without its digits.

    Of a time that was found to be one, these leave ``Mmm  ::`` or ``--T::+:``.
    """
    if key.startswith(_BODY_ONLY):
        return key.removeprefix(_BODY_ONLY)
    key = key.removeprefix(b"<>")
    time_end = key.index(b" ") if key.startswith(b"-") else key.index(b":: ") + 2
    return key[time_end + 1 :].partition(b" ")[2]


def _tag_name(match: re.Match[bytes]) -> bytes:
    word = match["word"]
    if word is not None:
        return word
    return b" ".join(part for part in match["words"].split() if part.strip(_NUMERIC))


def _take_apart(key: bytes) -> _Message:
    match = _TAG.match(key)
    name = _tag_name(match) if match else b""
    if match is None or not name:
        return _Message("", text_of(key.strip(b" ")), 0, -1)
    tag = text_of(name)[:MAX_TAG_CHARACTERS]
    tag_end = _tag_end(match)
    message = f"{tag}: {text_of(key[match.end() :].rstrip(b' '))}"
    return _Message(tag, message, tag_end, key[tag_end])


def _tags(
    block: bytes,
    headers: _Headers,
    codes: NDArray[np.int32],
    messages: Sequence[_Message],
) -> tuple[Categorical, Integers]:
    """Return the tags, with the digits that `messages` lost, and where they end in the block."""
    values = [message.tag for message in messages]
    # A tag without digits ends in the line where it ends in the message. One with digits reaches
    # further, and the terminator can't be found inside a tag.
    tag_end = np.array([message.tag_end for message in messages], dtype=np.int64)[codes]
    tag_end += headers.body_start
    terminator = np.array([message.terminator for message in messages], dtype=np.int16)[codes]
    text = np.frombuffer(block + PADDING, dtype=np.uint8)
    tagged = terminator >= 0
    rows = np.flatnonzero((text[tag_end] != terminator) & tagged)
    tag_end[~tagged] = -1
    if not rows.size:
        return categorical(codes, values), tag_end
    tag_codes = codes.copy()
    index: dict[str, int] = {}
    for row in rows.tolist():
        match = _TAG.match(block[headers.body_start[row] : headers.body_end[row]])
        name = text_of(_tag_name(match))[:MAX_TAG_CHARACTERS] if match else values[codes[row]]
        tag_codes[row] = len(values) + index.setdefault(name, len(index))
        tag_end[row] = headers.body_start[row] + _tag_end(match) if match else -1
    # Values are listed in the order in which records carry them, as everywhere.
    values += index
    used, first, inverse = np.unique(tag_codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    tags = categorical(
        rank[inverse].astype(np.int32), [values[used[place]] for place in order.tolist()]
    )
    return tags, tag_end


def _tag_end(match: re.Match[bytes]) -> int:
    return max(match.span("word")[1], match.span("words")[1])
