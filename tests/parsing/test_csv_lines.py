from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.text_columns import TextColumns

NOW = 1_800_000_000.0


def parser(delimiter=",", fields=None, features=(), other_models=()):
    """Return a parser."""
    return CsvLines(TextColumns("auto", fields or {}, features, other_models), delimiter)


def parse(*lines, header=b"prediction,confidence", **options):
    """Parse lines of a file that begins with a header."""
    return parser(**options).below(header).parse(lines, NOW)


def test_a_file():
    """The header is skipped, the others are records."""
    lines = [b"prediction,confidence,id", b"refund,0.9,1", b'"a ""b"", c",0.5,2', b",,3"]
    parsed = parser().parse(lines, NOW)
    assert parsed.batch.prediction.decode() == ["refund", 'a "b", c']
    assert parsed.batch.confidence.tolist() == [0.9, 0.5]
    assert (parsed.parsed, parsed.skipped) == (3, {"header": 1})
    assert parsed.batch.invalid == {"nothing_to_measure": 1}


def test_lines_from_the_middle_of_a_file():
    """The header is told, and need not be among them; each file has its own order."""
    made = parser()
    first = made.below(b"prediction,confidence").parse([b"a,0.5"], NOW).batch
    second = made.below(b"confidence,id,prediction").parse([b"0.25,1,b"], NOW).batch
    assert (first.prediction.decode(), first.confidence.tolist()) == (["a"], [0.5])
    assert (second.prediction.decode(), second.confidence.tolist()) == (["b"], [0.25])


def test_a_repeated_header():
    """Of files that were joined: skipped wherever it is."""
    header = b"prediction,confidence"
    parsed = parse(b"a,0.5", header, b"b,0.5", header)
    assert parsed.skipped == {"header": 2}
    assert parsed.batch.prediction.decode() == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a", "csv_fields"),
        (b"a,0.5,1", "csv_fields"),
        (b'"a', "csv_quote"),
        (b'"a"b,0.5', "csv_quote"),
        (b'a,"0.5', "csv_quote"),
        (b'a"b,0.5', "csv_quote"),
        (b'"' + b"a" * 200_000 + b'",0.5', "csv_quote"),
    ],
)
def test_bad_rows(line, reason):
    """Each costs itself; those around it are read."""
    parsed = parse(b"x,0.1", line, b'"y",0.2', b"")
    assert parsed.rejected == {reason: 1}
    assert parsed.examples[reason][0] == 1
    assert parsed.batch.prediction.decode() == ["x", "y"]
    assert (parsed.parsed, parsed.skipped) == (2, {"empty": 1})


def test_a_record_over_two_lines_is_rejected():
    """A line is a record: both halves are counted."""
    parsed = parse(b'"a', b'b",0.5', b"c,0.5")
    assert parsed.rejected == {"csv_quote": 2}
    assert parsed.batch.prediction.decode() == ["c"]


@pytest.mark.parametrize(
    "header",
    [None, b"", b"1,2,3", b"refund,0.9", b'"prediction', b"prediction,prediction"],
)
def test_unusable_headers(header):
    """All lines of such a file are rejected, and the log says why."""
    lines = [b"a,0.5", b"", b"prediction,prediction"]
    parsed = parse(*lines, header=header)
    assert parsed.rejected == {"csv_header": 2}
    assert parsed.skipped == {"empty": 1}
    assert parsed.examples["csv_header"][1].startswith("the first line of the file")


def test_a_column_of_no_interest_may_be_there_twice():
    """Only those that are read must be unambiguous."""
    assert parse(b"1,a,2", header=b"id,prediction,id").batch.prediction.decode() == ["a"]


def test_byte_order_mark_and_line_ends():
    """Spreadsheets write a mark in front of the header, and CRLF."""
    header = b"\xef\xbb\xbfprediction, confidence\r"
    lines = [b"\xef\xbb\xbfprediction, confidence", b"a,0.5"]
    parsed = parse(*lines, header=header)
    assert parsed.skipped == {"header": 1}
    assert parsed.batch.confidence.tolist() == [0.5]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters(delimiter):
    """One character of one's choice."""
    header, line = (text.replace(",", delimiter).encode() for text in ("prediction,x", "a,1"))
    assert parse(line, header=header, delimiter=delimiter).batch.prediction.decode() == ["a"]


def test_features_are_columns():
    """With `features` mapped to nothing those that are no field of the schema."""
    fields, header = {"features": ""}, b"age,prediction,plan"
    for features in (None, ["age", "plan"]):
        found = parse(b"42,a,pro", header=header, fields=fields, features=features).batch.features
        assert {name: list(column.raw) for name, column in found.items()} == {
            "age": [42],
            "plan": ["pro"],
        }


def test_headers_without_end():
    """A program whose headers never repeat does not fill the memory."""
    made = parser()
    for number in range(1000):
        made.below(b"prediction,x%d" % number)
    assert len(made._below) <= 100


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"))


@given(st.lists(st.tuples(FIELD.filter(bool), FIELD), min_size=1, max_size=6))
def test_what_python_writes_is_read(rows):
    """Any text without a line end comes back."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("model_version", "prediction"), *rows])
    lines = out.getvalue()[:-1].encode().split(b"\n")
    below = parser().below(lines[0])
    cut = below._cutter.cut([line.decode() for line in lines[1:]])
    assert not cut.refused
    if ["model_version", "prediction"] not in map(list, rows):
        assert list(zip(cut.texts["model_version"], cut.texts["prediction"], strict=True)) == rows


@given(st.lists(st.sampled_from(["a,1", '"a",1', '"a', 'b",2', "a", 'x"y,3', ""]), max_size=8))
def test_neighbours_change_nothing(lines):
    """Whatever stands beside a line, it says the same."""
    encoded = [line.encode() for line in lines]
    below = parser().below(b"prediction,latency_ms")
    whole = below.parse(encoded, NOW)
    alone = [below.parse([line], NOW) for line in encoded]
    assert whole.parsed == sum(one.parsed for one in alone)
    assert whole.batch.prediction.decode() == [
        value for one in alone for value in one.batch.prediction.decode()
    ]
    for reason, count in whole.rejected.items():
        assert count == sum(one.rejected[reason] for one in alone)
