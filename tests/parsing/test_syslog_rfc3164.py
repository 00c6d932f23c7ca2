from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing import syslog_rfc3164
from exporter.parsing.syslog_rfc3164 import SyslogLines

RECEIVED = datetime(2026, 11, 22, 18, tzinfo=UTC).timestamp()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
HEAD = b"Nov 22 12:00:00 web1 "


def parse(*lines: bytes, leading_fields: int = 0):
    """Parse lines as read on 22 November 2026."""
    return SyslogLines("test", "UTC", leading_fields).parse(lines, RECEIVED)


def one(line: bytes, leading_fields: int = 0) -> tuple[float, str, str, str]:
    """Return time, host, tag and message of a line."""
    parsed = parse(line, leading_fields=leading_fields)
    assert parsed.parsed == 1, parsed.examples
    batch = parsed.batch
    return (
        batch.timestamp[0],
        batch.host.decode()[0],
        batch.tag.decode()[0],
        batch.message.decode()[0],
    )


def tag_and_message(text: bytes) -> tuple[str, str]:
    """Return tag and message of what follows the host."""
    return one(HEAD + text)[2:]


def test_a_line():
    """Time, host, tag without the process id, message without digits."""
    line = b"Nov 22 12:00:00 web1 sshd[1234]: Failed password for root from 10.0.0.1 port 22"
    message = "sshd: Failed password for root from ... port"
    assert one(line) == (NOON, "web1", "sshd", message)


@pytest.mark.parametrize(
    "head",
    [
        b"<34>Nov 22 12:00:00 web1 ",
        b"<0>Nov 22 12:00:00 web1 ",
        b"<191>Nov 22 12:00:00 web1 ",
        b"2026-11-22T12:00:00+00:00 web1 ",
        b"2026-11-22T13:00:00.000000+01:00 web1 ",
        b"<34>2026-11-22T12:00:00Z web1 ",
    ],
)
def test_headers(head):
    """A priority in front and RFC 3339 times are understood."""
    assert one(head + b"cron[1]: job 7") == (NOON, "web1", "cron", "cron: job")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"kernel: [12.5] eth0 up", ("kernel", "kernel: [.] eth up")),
        (b"kernel:no space", ("kernel", "kernel: no space")),
        (b"su[12] failed", ("su", "su: failed")),
        (b"sshd(pam_unix)[6741]: opened", ("sshd(pam_unix)", "sshd(pam_unix): opened")),
        (b"rsyslogd[internal]: lost 5", ("rsyslogd", "rsyslogd: lost")),
        (b"postfix/smtpd[9]: connect", ("postfix/smtpd", "postfix/smtpd: connect")),
        # Digits belong to the label, but not to the message.
        (b"openvpn2[3]: up", ("openvpn2", "openvpn: up")),
        (b"/opt/app-3.0.1/bin/d[3]: up", ("/opt/app-3.0.1/bin/d", "/opt/app-../bin/d: up")),
        # More than one word.
        (b"Server Administrator: fan 3", ("Server Administrator", "Server Administrator: fan")),
        (b"Server 2 Administrator[3]: x", ("", "Server  Administrator[]: x")),
        (b"syslogd 1.4.1: restart.", ("syslogd", "syslogd: restart.")),
        (b" -- root[2421]: LOGIN", ("-- root", "-- root: LOGIN")),
        # None.
        (b"-- MARK --", ("", "-- MARK --")),
        (b"last message repeated 3 times", ("", "last message repeated  times")),
        (b"exiting on signal 15", ("", "exiting on signal")),
        (b"one two three four five: six", ("", "one two three four five: six")),
        (b"some words that are too long for it: x", ("", "some words that are too long for it: x")),
        (b"time is 12:30", ("", "time is :")),
        (b"12345: only digits", ("", ": only digits")),
        (b"[1]: bracket", ("", "[]: bracket")),
        (b"", ("", "")),
    ],
)
def test_tags(text, expected):
    """The tag is the text up to the colon without the process id, if that is a tag."""
    assert tag_and_message(text) == expected


def test_lines_without_a_host():
    """What stands in the place of the host and ends like a tag is the tag."""
    assert one(b"Nov 22 12:00:00 kernel: up") == (NOON, "", "kernel", "kernel: up")
    assert one(b"Nov 22 12:00:00 sshd[12]: up") == (NOON, "", "sshd", "sshd: up")
    assert one(b"Nov 22 12:00:00 sshd[12] up") == (NOON, "", "sshd", "sshd: up")
    assert one(b"Nov 22 12:00:00 [fe80::1] sshd: up")[1] == "[fe80::1]"
    assert one(b"Nov 22 12:00:00 web1") == (NOON, "web1", "", "")


def test_digits_of_hosts_stay():
    """Hosts that differ in a digit are two hosts."""
    batch = parse(b"Nov 22 12:00:00 wf001 a: x", b"Nov 22 12:00:00 wf002 a: x").batch
    assert batch.host.decode() == ["wf001", "wf002"]
    assert batch.message.codes.tolist() == [0, 0]


def test_leading_fields():
    """Columns of a collector are passed over."""
    line = b"12.5 - 1132065266 2005.11.15 bn179 Nov 22 12:00:00 bn179/bn179 snmpd[1]: trap"
    assert one(line, leading_fields=5) == (NOON, "bn179/bn179", "snmpd", "snmpd: trap")
    parsed = parse(b"too few", leading_fields=5)
    assert parsed.rejected == {"header": 1}
    assert "b'too few'" in parsed.examples["header"][1]


def test_bad_lines_cost_only_themselves():
    """Every line is parsed, rejected or skipped, and says why."""
    lines = [
        HEAD + b"a: x",
        b"",
        b"   \t",
        b'{"json": true}',
        b"Feb 30 12:00:00 web1 a: x",
        b"2026-02-30T12:00:00Z web1 a: x",
        b"<34>1 2026-11-22T12:00:00Z web1 app - - - RFC 5424",
        b"<>Nov 22 12:00:00 web1 a: x",
        b"<1234>Nov 22 12:00:00 web1 a: x",
        b"Nov 22 12:00:00",
        b"Nov 22 12:00:00 ",
        b"Nov 2",
        b"2026-11-22T",
        b"2026-11-22T12:00:00Z",
        bytes(range(11, 256)),
        HEAD + b"b: y",
    ]
    parsed = parse(*lines)
    assert parsed.parsed == len(parsed.batch) == 2
    assert parsed.batch.message.decode() == ["a: x", "b: y"]
    assert parsed.rejected == {"header": 10, "timestamp": 2}
    assert parsed.skipped == {"empty": 2}
    assert "got b'Feb 30" in parsed.examples["timestamp"][1]
    assert "got b'{" in parsed.examples["header"][1]


def test_any_bytes_survive():
    """Invalid UTF-8 is replaced; NUL and control characters stay."""
    time, host, tag, message = one(b"Nov 22 12:00:00 w\xffb s\xfed[1]: a\x00b \xe2\x82\xac \x1b[0m")
    assert (host, tag, message) == ("w�b", "s�d", "s�d: a\x00b € \x1b[m")
    assert time == NOON


def test_values_that_decode_alike_are_one_value():
    """Categories are distinct texts, not distinct bytes."""
    batch = parse(HEAD + b"a: \xff", HEAD + b"a[1]: \xfe").batch
    assert batch.message.values == ("a: �",)
    assert batch.message.codes.tolist() == [0, 0]


def test_lengths_are_bounded():
    """An endless host, tag or text is cut."""
    _, host, tag, message = one(b"Nov 22 12:00:00 " + b"h" * 5000 + b" " + b"t" * 100 + b": x")
    assert (host, tag) == ("h" * 255, "t" * 64)
    _, _, tag, message = one(HEAD + b"a: " + b"y" * 100_000)
    assert (tag, len(message)) == ("a", 4096)
    # Without a colon within reach there is no tag.
    assert tag_and_message(b"z" * 1_000_000) == ("", "z" * 4096)


def test_tags_are_listed_in_order_of_appearance():
    """Also where some hold digits, and the same message has several tags."""
    batch = parse(
        HEAD + b"vpn2: x", HEAD + b"vpn: x", HEAD + b"cron: y", HEAD + b"vpn1: x", HEAD + b"vpn2: x"
    ).batch
    assert batch.tag.values == ("vpn2", "vpn", "cron", "vpn1")
    assert batch.tag.codes.tolist() == [0, 1, 2, 3, 0]
    assert batch.message.values == ("vpn: x", "cron: y")


def test_no_lines():
    """An empty block is an empty batch."""
    parsed = parse()
    assert (parsed.parsed, len(parsed.batch), parsed.rejected) == (0, 0, {})


def test_the_memo_is_bounded(monkeypatch):
    """Messages without end do not fill the memory, and are still decoded."""
    monkeypatch.setattr(syslog_rfc3164, "MEMO_BYTES", 10_000)
    parser = SyslogLines("test", "UTC")
    for block in range(20):
        names = ["".join(chr(97 + int(d)) for d in f"{block:02d}{n:03d}") for n in range(50)]
        batch = parser.parse([HEAD + f"a: {name}".encode() for name in names], RECEIVED).batch
        assert batch.message.decode() == [f"a: {name}" for name in names]
        assert parser._memo_bytes <= 10_000
        assert len(parser._memo) < 40


def reference(line: bytes) -> tuple[str, str, str]:
    """Decode one RFC 3164 line of the ordinary form, character by character."""
    host, body = line[16:].decode("utf-8", "replace").split(" ", 1)
    tag, text = re.fullmatch(r"([^ :\[]+)(?:\[\d+\])?: ?(.*)", body, re.DOTALL).groups()
    tag_left, text_left = (re.sub("[0-9]", "", part) for part in (tag, text))
    return host, tag, f"{tag_left}: {text_left.strip(' ')}"


word = st.text("abcXYZ019._-/()é", min_size=1, max_size=8).filter(lambda w: w.strip("0123456789"))
text = st.text("abc 019:[]<>%\x00\t=é", max_size=30).filter(lambda t: not t.startswith(" "))


@given(
    st.lists(st.tuples(word, word, st.none() | st.integers(0, 99_999), text), max_size=30),
    st.integers(0, 30),
)
def test_ordinary_lines_equal_a_plain_reading(fields, cut):
    """The columns equal a line-by-line reading, however the lines are cut into blocks."""
    lines = [
        f"Nov 22 12:00:00 {host} {tag}{'' if pid is None else f'[{pid}]'}: {rest}".encode()
        for host, tag, pid, rest in fields
    ]
    parser = SyslogLines("test", "UTC")
    got = []
    for block in (lines[:cut], lines[cut:]):
        batch = parser.parse(block, RECEIVED).batch
        got += list(
            zip(batch.host.decode(), batch.tag.decode(), batch.message.decode(), strict=True)
        )
    assert got == [reference(line) for line in lines]


priority = st.sampled_from([b"", b"<3>", b"<34>", b"<191>"])
moment = st.sampled_from(
    [
        b"Nov 22 12:00:00",
        b"Nov 22 12:00:01",
        b"Nov  2 12:00:00",
        b"nov 12 12:00:00",
        b"2026-11-22T12:00:00+00:00",
        b"2026-11-22t12:00:00.5z",
        b"2026-11-22T12:00:00.123456-01:00",
    ]
)
name = st.sampled_from(
    [b"web1", b"web2", b"web", b"12", b"::", b"a::1", b"a:12", b"a:", b"1:", b"d[3]", b"[::1]"]
)
body = st.sampled_from([b"y" * 5000, b"7" * 5000 + b" a: b", b" a::", b":: a", b"", b"<>a:: b"])


@given(st.lists(st.tuples(priority, moment, name, body | text.map(str.encode)), max_size=20))
def test_any_header_is_told_from_what_follows(fields):
    """Where a host ends, and a message begins, does not depend on digits or neighbours."""
    lines = [b"%b%b %b %b" % field for field in fields]
    # Some lines that are rejected in between.
    batch = parse(*(line for pair in zip(lines, [b"no"] * 20, strict=False) for line in pair)).batch
    got = list(zip(batch.host.decode(), batch.tag.decode(), batch.message.decode(), strict=True))
    expected = []
    for _, _, host, rest in fields:
        is_tag = host[-1:] == b":" or (host[-1:] == b"]" and host[:1] != b"[")
        followed = b"%b %b" % (host, rest) if is_tag else rest
        expected.append((b"" if is_tag else host, *tag_and_message(followed)))
    assert got == [(host.decode(), tag, message) for host, tag, message in expected]


@given(st.lists(st.binary(max_size=80).map(lambda line: line.replace(b"\n", b""))))
def test_no_bytes_crash(lines):
    """Whatever comes, every line is accounted for."""
    parsed = SyslogLines("test", "UTC").parse(lines, RECEIVED)
    accounted = parsed.parsed + parsed.rejected.total() + parsed.skipped.total()
    assert accounted == len(lines)
    assert not np.isnan(parsed.batch.timestamp).any()


BODIES = st.sampled_from(
    ["sshd[12]: ok 1", "sshd[7]: ok 22", "a1: x", "a2: x", "no tag", "", " cron:y", "x" * 5000]
)
TIMES = st.sampled_from(["Jan  1 00:00:00", "Jan 11 00:00:00", "2026-01-01T00:00:00.5Z", "bad"])
HOSTS = st.sampled_from(["web1", "web2", "sshd:"])


@given(st.lists(st.tuples(TIMES, HOSTS, BODIES), max_size=8))
def test_a_block_is_read_as_line_by_line(drawn):
    """What lines of a block share is looked at once, which must not show."""
    lines = [f"{time} {host} {body}".encode() for time, host, body in drawn]
    together = parse(*lines).batch
    singly = [parse(line).batch for line in lines]
    for column in ("host", "tag", "message"):
        expected = [value for batch in singly for value in getattr(batch, column).decode()]
        assert getattr(together, column).decode() == expected
