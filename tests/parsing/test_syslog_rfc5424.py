from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.parsing import syslog_rfc5424
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.parsing.syslog_rfc5424 import Rfc5424Lines

RECEIVED = datetime(2026, 11, 22, 18, tzinfo=UTC).timestamp()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
TIME = b"2026-11-22T12:00:00Z"
HEAD = b"<34>1 " + TIME + b" web1 "


def parse(*lines: bytes, leading_fields: int = 0):
    """Parse lines."""
    return Rfc5424Lines("test", leading_fields).parse(lines, RECEIVED)


def rows(batch):
    """Return time, host, tag and message of each record."""
    return list(
        zip(
            batch.timestamp.tolist(),
            batch.host.decode(),
            batch.tag.decode(),
            batch.message.decode(),
            strict=True,
        )
    )


def one(line: bytes, leading_fields: int = 0):
    """Return time, host, tag and message of a line."""
    parsed = parse(line, leading_fields=leading_fields)
    assert parsed.parsed == 1, parsed.examples
    return rows(parsed.batch)[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            (
                b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
                b"\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8"
            ),
            (
                1065910455.003,
                "mymachine.example.com",
                "su",
                "su: 'su root' failed for lonvick on /dev/pts/",
            ),
        ),
        (
            (
                b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
                b"%% It's time to make the do-nuts."
            ),
            (1061727255.000003, "192.0.2.1", "myproc", "myproc: %% It's time to make the do-nuts."),
        ),
        (
            (
                b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
                b'[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] '
                b"\xef\xbb\xbfAn application event log entry..."
            ),
            (
                1065910455.003,
                "mymachine.example.com",
                "evntslog",
                "evntslog: An application event log entry...",
            ),
        ),
        (
            (
                b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
                b'[exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]'
            ),
            (1065910455.003, "mymachine.example.com", "evntslog", "evntslog: "),
        ),
    ],
)
def test_examples_of_the_standard(line, expected):
    """All four of RFC 5424, section 6.5."""
    assert one(line) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"-",
        b"[a]",
        b"[a@1]",
        rb'[a x="say \"hi\" \\ \]"]',
        b'[a x=""]',
        b'[a x="] b"][b y="[c]"]',
        b'[a x="\xc3\xa9\xff"]',
        rb'[a x="\n is no escape, and taken as it is"]',
    ],
)
def test_structured_data_is_passed_over(data):
    """Whatever it quotes."""
    assert one(HEAD + b"cron 7 - " + data + b" job 5") == (NOON, "web1", "cron", "cron: job")
    assert one(HEAD + b"cron 7 - " + data) == (NOON, "web1", "cron", "cron: ")


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"[]",
        b"[a",
        b'[a x="]',
        b"[a x]",
        b'[a x="1" ]',
        b'[a x="1"]y',
        b"-y",
    ],
)
def test_structured_data_that_is_none(data):
    """Is rejected; behind well-formed data anything is the message."""
    parsed = parse(HEAD + b"cron 7 - " + data, HEAD + b"cron 7 - - " + data)
    assert parsed.rejected == {"structured_data": 1}
    assert parsed.examples["structured_data"][0] == 0
    assert parsed.examples["structured_data"][1].startswith('expected "<PRI>1 TIME HOST')
    assert parsed.batch.tag.decode() == ["cron"]


def test_what_is_not_known():
    """A host, a program or a time may be missing: the record counts."""
    time, *rest = one(b"<34>1 - - - - - - something 5 happened")
    assert np.isnan(time)
    assert rest == ["", "", "something  happened"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"<34>1 " + TIME, "header"),
        (b"<34>1 " + TIME + b" web1 su - -", "header"),
        (b"<34>1 " + TIME + b" web1 su - - ", "header"),
        (b"<34>1 " + TIME + b"  web1 su - - x", "header"),
        (b"<34>2 " + TIME + b" web1 su - - - x", "header"),
        (b"34>1 " + TIME + b" web1 su - - - x", "header"),
        (b"1 " + TIME + b" web1 su - - - x", "header"),
        (b"Nov 22 12:00:00 web1 su: x", "header"),
        (b"<34>1 Nov 22 web1 su - - x", "timestamp"),
        (b"<34>1 2026-11-22 web1 su - - - x", "timestamp"),
        (b"<34>1 2026-13-22T12:00:00Z web1 su - - - x", "timestamp"),
        (b"<34>1 2026-11-22T12:00:00 web1 su - - - x", "timestamp"),
        (b"<34>1 2026-11-22 12:00:00Z web1 su - - x", "timestamp"),
    ],
)
def test_rejected(line, reason):
    """With a reason; the lines around it are read."""
    good = HEAD + b"cron 7 - - ok"
    parsed = parse(good, line, b"  ", good)
    assert parsed.rejected == {reason: 1}
    assert parsed.examples[reason][0] == 1
    assert (parsed.parsed, parsed.skipped) == (2, {"empty": 1})
    assert parsed.batch.message.decode() == ["cron: ok"] * 2


def test_digits_stay_in_host_and_tag():
    """And go from the message, so that one message has one name."""
    lines = [b"<34>1 %b web%d openvpn2 %d - - up 10.0.0.%d" % (TIME, n, n, n) for n in range(3)]
    batch = parse(*lines).batch
    assert batch.host.values == ("web0", "web1", "web2")
    assert batch.tag.values == ("openvpn2",)
    assert batch.message.values == ("openvpn: up ...",)


def test_leading_fields():
    """Columns of a collector are passed over."""
    assert one(b"a b " + HEAD + b"cron 7 - - x", leading_fields=2)[2] == "cron"
    assert parse(b"a", leading_fields=2).rejected == {"header": 1}


def test_long_parts_are_cut():
    """As those of RFC 3164."""
    line = b"<34>1 " + TIME + b" " + b"h" * 300 + b" " + b"a" * 300 + b" - - - " + b"m" * 10_000
    _, host, tag, message = one(line)
    assert (len(host), len(tag), len(message)) == (255, 64, 64 + 2 + 4096)


def test_the_memo_is_bounded(monkeypatch):
    """Messages without end do not fill the memory."""
    monkeypatch.setattr(syslog_rfc5424, "MEMO_BYTES", 10_000)
    lines = Rfc5424Lines("test")
    for letter in range(200):
        text = chr(0x4E00 + letter).encode() * 10
        batch = lines.parse([HEAD + b"a - - - " + text], RECEIVED).batch
        assert batch.message.values == (f"a: {text.decode()}",)
        assert len(lines._memo) < 30


WORDS = st.text(st.sampled_from("abcXYZ019.-_/()"), min_size=1, max_size=12).map(str.encode)
TEXTS = st.text(st.sampled_from('ab 01:[]é="\\'), max_size=30).map(lambda text: text.encode())


@given(
    st.lists(
        st.tuples(
            WORDS.filter(lambda word: word != b"-"),
            WORDS.filter(lambda word: word.strip(b"0123456789.-")),
            TEXTS,
        ),
        max_size=6,
    )
)
def test_both_formats_say_the_same(events):
    """An event has the same host, tag and message, however the daemon writes it down."""
    old = [b"%b %b %b[7]: %b" % (TIME, *event) for event in events]
    new = [b'<13>1 %b %b %b 7 ID [x y="1"] %b' % (TIME, *event) for event in events]
    theirs = SyslogLines("test", "UTC").parse(old, RECEIVED).batch
    assert rows(parse(*new).batch) == rows(theirs)


PARTS = st.sampled_from(
    [
        b"<34>1 ",
        TIME,
        b" ",
        b"-",
        b"[",
        b"]",
        b'"',
        b"\\",
        b'[a x="1"]',
        b"\xff",
        b"\xef\xbb\xbf",
        HEAD,
        HEAD + b"su - - - x",
        HEAD + b'su 1 ID [a x="1"] x',
        b"\0",
        b"\r",
    ]
)
LINES = st.lists(
    st.lists(PARTS, max_size=8).map(b"".join)
    | st.binary(max_size=30).filter(lambda line: b"\n" not in line),
    max_size=8,
)


@settings(max_examples=400)
@given(LINES, st.integers(1, 4), st.sampled_from([0, 2]))
def test_any_bytes_are_accounted_for(lines, size, leading_fields):
    """Nothing raises, read = parsed + rejected + skipped, and no line depends on another."""
    whole = parse(*lines, leading_fields=leading_fields)
    assert whole.parsed + whole.rejected.total() + whole.skipped.total() == len(lines)
    assert set(whole.rejected) == set(whole.examples) <= set(Rfc5424Lines.reasons)
    parts = [
        parse(*lines[start : start + size], leading_fields=leading_fields)
        for start in range(0, len(lines), size)
    ]
    separate = [row for part in parts for row in rows(part.batch)]
    assert [row[1:] for row in rows(whole.batch)] == [row[1:] for row in separate]
    for column in (whole.batch.host, whole.batch.tag, whole.batch.message):
        present = [value for value in column.decode() if value is not None]
        assert column.values == tuple(dict.fromkeys(present))
