from __future__ import annotations

from codecs import BOM_UTF8
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.tailing.lines import MAX_LINE_BYTES, NONE, Dropping, LineAssembler, Lines


def fed(*chunks: bytes, max_bytes: int = MAX_LINE_BYTES) -> tuple[list[bytes], int]:
    """Return the lines and the number of dropped ones of a stream that ends after the chunks."""
    assembler = LineAssembler(max_bytes)
    lines = [line for chunk in chunks for line in assembler.feed(chunk)]
    lines += assembler.flush()
    return lines, assembler.too_long


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a\r\nb\r\n"], [b"a", b"b"]),
        ([b"a\r", b"\nb"], [b"a", b"b"]),
        ([b"a\rb\n"], [b"a\rb"]),
        ([b"\n\n"], [b"", b""]),
        ([b"a", b"b", b"\n"], [b"ab"]),
        ([b"\0\0\0a\n\0\0b\0\n"], [b"a", b"b"]),
        ([b"\0\0", b"\0\n"], [b""]),
        ([b"a\0b\n"], [b"a\0b"]),
        ([b"\xff\xfe\n"], [b"\xff\xfe"]),
        ([b""], []),
        ([b"\0\0\0"], []),
        ([b"no end"], [b"no end"]),
    ],
)
def test_line_ends_and_nul_runs_are_no_part_of_a_line(chunks, lines):
    r"""``\n``, ``\r\n`` and NULs around a line go; what is inside a line stays."""
    assert fed(*chunks) == (lines, 0)


def test_what_has_no_line_end_yet_is_pending():
    """It comes out with its line end, or when the stream is said to have ended."""
    assembler = LineAssembler()
    assert assembler.feed(b"a\nbc") == [b"a"]
    assert assembler.pending == 2
    assert assembler.feed(b"d\ne") == [b"bcd"]
    assert assembler.flush() == [b"e"]
    assert assembler.pending == 0
    assert assembler.flush() == []


@pytest.mark.parametrize("chunk_bytes", [1 << 16, 1 << 20, 1 << 24])
def test_a_line_over_a_mebibyte_is_dropped_and_counted_and_the_next_one_kept(chunk_bytes):
    """Reading goes on at the next line end, wherever the stream is cut."""
    data = b"before\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\nafter\n" + b"y" * (MAX_LINE_BYTES + 1)
    chunks = [data[i : i + chunk_bytes] for i in range(0, len(data), chunk_bytes)]
    assert fed(*chunks) == ([b"before", b"after"], 2)


def test_a_line_of_exactly_a_mebibyte_is_kept():
    """The limit is what is kept at most."""
    line = b"x" * MAX_LINE_BYTES
    assert fed(line + b"\n") == ([line], 0)
    assert fed(b"x" + line + b"\n") == ([], 1)


def test_the_memory_of_a_line_that_is_dropped_is_freed():
    """No more than the longest line is held back."""
    assembler = LineAssembler(10)
    for _ in range(5):
        assert assembler.feed(b"x" * 8) == []
        assert assembler.pending <= 10
    assert assembler.dropping is Dropping.TOO_LONG
    assert (assembler.feed(b"\nnext\n"), assembler.too_long) == ([b"next"], 1)


def test_a_run_of_nuls_longer_than_any_line_costs_no_line():
    """A file truncated under a writer without O_APPEND begins with as many as it had bytes."""
    nuls = [b"\0" * (1 << 20)] * 3
    assert fed(*nuls, b"line\nnext\n") == ([b"line", b"next"], 0)
    assert fed(b"".join(nuls) + b"line\nnext\n") == ([b"line", b"next"], 0)


def test_a_dropped_line_is_still_dropped_after_a_restart():
    """The rest of a line whose beginning was dropped is no line of its own."""
    assembler = LineAssembler()
    assembler.resume(Dropping.TOO_LONG, first=False)
    assert assembler.feed(b"rest of it\nnext\n") == [b"next"]
    assert assembler.too_long == 1


def test_the_rest_of_a_line_that_had_begun_before_is_no_line():
    """It is not counted either: nobody knows what it was."""
    assembler = LineAssembler()
    assembler.resume(Dropping.BEGUN_BEFORE, first=False)
    assert assembler.feed(b"rest of it\nnext\n") == [b"next"]
    assert (assembler.too_long, assembler.dropping) == (0, Dropping.NO)


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    """Wherever it is cut; further on it is a part of the text."""
    mark = b"\xef\xbb\xbf"
    for cut in range(8):
        stream = mark + b"a\n" + mark + b"b\n"
        assert fed(stream[:cut], stream[cut:]) == ([b"a", mark + b"b"], 0)
    assert fed(mark) == ([], 0)
    resumed = LineAssembler()
    resumed.resume(Dropping.NO, first=False)
    assert resumed.feed(mark + b"a\n") == [mark + b"a"]


@pytest.mark.parametrize(
    ("data", "invalid"),
    [
        (b"plain\nascii", 0),
        ("Gr\u00fc\u00dfe\n\u65e5\u672c".encode(), 0),
        (b"a\nb\xff\nc\n\xfe\xff", 2),
        ("\u00fc".encode()[:1] + b"\n" + "\u00fc".encode()[1:], 2),
        (b"", 0),
    ],
)
def test_lines_that_are_no_utf8_are_counted(data, invalid):
    """Line by line, however many bad bytes they have."""
    assert Lines(data, data.count(b"\n") + 1).invalid_utf8() == invalid


streams = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\0", b"\0" * 9, b"a", b"bcd", b"x" * 8, b"\xff"]),
    max_size=40,
).map(b"".join)


@given(st.binary(max_size=60) | streams, st.lists(st.integers(0, 200), max_size=8))
def test_lines_do_not_depend_on_where_the_stream_is_cut(data, cuts):
    """Any chunking of any bytes gives the same lines and drops as many."""
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    assert fed(*chunks, max_bytes=6) == fed(data, max_bytes=6)


@given(st.binary(max_size=60) | streams)
def test_no_line_is_lost(data):
    """As many come out or are counted as there are line ends, and one for what follows the last."""
    kept, too_long = fed(data, max_bytes=6)
    rest = data.removeprefix(BOM_UTF8).rpartition(b"\n")[2].lstrip(b"\0")
    last = bool(rest.strip(b"\0\r")) or len(rest) > 6
    assert len(kept) + too_long == data.count(b"\n") + last


def test_lines_are_a_sequence_cut_apart_on_demand():
    """They can be counted, iterated and indexed, and none is not one empty line."""
    many = Lines(b"a\n\nb", 3)
    assert (len(many), list(many), many[2], many[1:]) == (3, [b"a", b"", b"b"], b"b", [b"", b"b"])
    assert Lines.of([]) == NONE
    assert Lines.of([b""]) == [b""]
    assert Lines.of([b""]) != NONE
