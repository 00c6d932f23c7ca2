from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import UsageError
from exporter.parsing.syslog_lines import EitherSyslogLines, syslog_parser
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.parsing.syslog_rfc5424 import Rfc5424Lines
from tests.parsing.test_syslog_rfc5424 import HEAD, RECEIVED, TIME, rows

OLD = b"<34>Nov 22 12:00:00 web1 su[7]: old 1"
DATED = TIME + b" web1 su[7]: dated 1"
NEW = HEAD + b"su 7 - - new 1"
BAD_OLD, BAD_NEW, BAD_TIME = b"no header", HEAD + b"su 7 - x", b"<34>1 x web1 su 7 - - x"


def parse(*lines, leading_fields=0):
    """Parse lines whose format is told line by line."""
    return syslog_parser("test", "auto", "UTC", leading_fields).parse(lines, RECEIVED)


def test_formats_may_be_mixed():
    """The records stay in the order of their lines, and every line is counted by its reason."""
    parsed = parse(BAD_TIME, OLD, NEW, BAD_OLD, b"", NEW, DATED, BAD_NEW, BAD_OLD, OLD)
    assert parsed.batch.message.decode() == [
        "su: old",
        "su: new",
        "su: new",
        "su: dated",
        "su: old",
    ]
    assert parsed.rejected == {"header": 2, "timestamp": 1, "structured_data": 1}
    assert parsed.skipped == {"empty": 1}
    positions = {reason: position for reason, (position, _) in parsed.examples.items()}
    assert positions == {"header": 3, "timestamp": 0, "structured_data": 7}


@pytest.mark.parametrize("line", [OLD, DATED, NEW])
def test_one_format_alone(line):
    """Is read by its own parser."""
    assert parse(line, line).parsed == 2
    assert parse(b"a b " + line, leading_fields=2).parsed == 1


def test_the_format_can_be_fixed():
    """What is in the other one is then rejected."""
    lines = [OLD, DATED, NEW]
    only_old = syslog_parser("test", "rfc3164", "UTC").parse(lines, RECEIVED)
    only_new = syslog_parser("test", "rfc5424").parse(lines, RECEIVED)
    assert (only_old.parsed, only_old.rejected) == (2, {"header": 1})
    assert (only_new.parsed, only_new.rejected) == (1, {"header": 2})


def test_an_unknown_time_zone_is_refused():
    """With what is expected."""
    with pytest.raises(UsageError, match="no time zone"):
        syslog_parser("test", "auto", "Europe/Zuerich")


LINE = st.sampled_from([OLD, DATED, NEW, BAD_OLD, BAD_NEW, BAD_TIME, b"", b"<34>1 ", b">1 x"])


@settings(max_examples=300)
@given(st.lists(LINE, max_size=12), st.sampled_from([0, 1]))
def test_each_line_is_read_as_if_it_were_alone(lines, leading_fields):
    """In the order of the lines; read = parsed + rejected + skipped."""
    prefixed = [b"x " * leading_fields + line for line in lines]
    whole = parse(*prefixed, leading_fields=leading_fields)
    alone = [
        (Rfc5424Lines("test") if line.startswith(b"<34>1 ") else SyslogLines("test", "UTC")).parse(
            [line], RECEIVED
        )
        for line in lines
    ]
    assert rows(whole.batch) == [row for one in alone for row in rows(one.batch)]
    for name in ("rejected", "skipped"):
        total = sum((getattr(one, name) for one in alone), type(whole.rejected)())
        if leading_fields:
            # Columns without anything behind them are no empty line.
            assert getattr(whole, name).total() <= len(lines)
        else:
            assert getattr(whole, name) == total
    assert whole.parsed + whole.rejected.total() + whole.skipped.total() == len(lines)
    assert set(whole.rejected) <= set(EitherSyslogLines.reasons)


def test_process_ids_and_lines():
    """Of both formats; a tag with digits and a number elsewhere in brackets do not confuse."""
    lines = [
        b"Jun  9 06:06:20 combo sshd(pam_unix)[19939]: check pass",
        b"no header",
        b"<34>1 2003-10-11T22:14:15.003Z host su 77 ID47 - su root failed",
        b"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - su root failed",
        b"Jun  9 06:06:20 combo h12[993]: up",
        b"Jun  9 06:06:20 combo kernel: x[3]: y",
        b"Jun  9 06:06:20 combo su[12] failed",
        b"Jun  9 06:06:20 combo su[12x]: failed",
        b"Jun  9 06:06:20 combo su[12345678901]: failed",
        b"Jun  9 06:06:20 combo -- MARK --",
    ]
    batch = syslog_parser("s", timezone="UTC").parse(lines, 1e9).batch
    assert batch.process.tolist() == [19939, 77, -1, 993, -1, 12, -1, -1, -1]
    assert [batch.lines[row] for row in batch.rows] == [lines[0], *lines[2:]]


def test_without_details():
    """Neither process ids nor variants are looked for, and the rest is the same."""
    lines = [
        b"Jun  9 06:06:20 combo sshd[19]: exit code 4",
        b"<34>1 2003-10-11T22:14:15.003Z host su 77 ID47 - exit code 4",
    ]
    for some in (lines, lines[:1], lines[1:]):
        batch = syslog_parser("s", timezone="UTC", details=False).parse(some, 1e9).batch
        whole = syslog_parser("s", timezone="UTC").parse(some, 1e9).batch
        assert (batch.variant, batch.process.tolist()) == (None, [])
        assert batch.message.decode() == whole.message.decode()
        assert len(whole.process) == len(some)
