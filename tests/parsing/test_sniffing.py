from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.sniffing import likely_format

SYSLOG = "looks like syslog: name it under syslog"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b'{"a": 1}'], "looks like JSON: format: json"),
        ([b't stdout F {"a": 1}'], "looks like JSON behind 3 columns: leading_fields: 3"),
        (
            [b"[", b'  {"a": 1}', b"]"],
            "looks like JSON over several lines: write each record in one",
        ),
        ([b"a=1 b=2"], "looks like logfmt: format: logfmt"),
        ([b"a,b", b"1,2"], "looks like CSV: format: csv"),
        ([b"a;b", b"1;2"], 'looks like CSV: format: csv, csv: {delimiter: ";"}'),
        ([b"a\tb", b"1\t2"], 'looks like CSV: format: csv, csv: {delimiter: "\\t"}'),
        ([b"Nov 22 12:00:00 web1 sshd[1]: x"], SYSLOG),
        ([b"<34>1 2026-11-22T12:00:00Z web1 su - ID47 - x"], SYSLOG),
        (gzip.compress(b"x").split(b"\n"), "is compressed with gzip: let its name end in .gz"),
        ("{}".encode("utf-16").split(b"\n"), "is binary, or a text in UTF-16"),
        ([b"free text, of one line"], ""),
        ([b"free text", b"of lines, more than one"], ""),
        ([b" "], ""),
        ([], ""),
    ],
)
def test_what_lines_look_like(lines, expected):
    """A hint that can be followed, or none."""
    assert likely_format(lines) == expected


@given(st.lists(st.binary(max_size=40)))
def test_nothing_is_too_strange(lines):
    """Any bytes get an answer."""
    assert isinstance(likely_format(lines), str)
