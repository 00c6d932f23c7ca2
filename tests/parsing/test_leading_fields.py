from __future__ import annotations

from exporter.parsing.json_lines import JsonLines
from exporter.parsing.leading_fields import WithoutLeadingFields

NOW = 1_800_000_000.0
RECORD = b'{"prediction": "a b c d"}'
PREFIX = b"2027-01-15T08:00:00.123456789Z stdout F "


def parse(*lines, fields=3):
    """Parse JSON lines behind columns."""
    return WithoutLeadingFields(JsonLines(), fields).parse(lines, NOW)


def test_columns_in_front_are_passed_over():
    """As a container runtime writes them; the record may hold spaces."""
    parsed = parse(PREFIX + RECORD, PREFIX + RECORD)
    assert parsed.batch.prediction.decode() == ["a b c d"] * 2
    assert not parsed.rejected


def test_lines_with_too_few_columns_are_rejected():
    """Each costs itself, and the examples name the line that they are of."""
    parsed = parse(PREFIX + RECORD, b"", b"short one", PREFIX + b"{", PREFIX + RECORD)
    assert parsed.parsed == 2
    assert parsed.rejected == {"leading_fields": 1, "not_json": 1}
    assert parsed.skipped == {"empty": 1}
    assert parsed.examples["leading_fields"] == (
        2,
        "expected 3 columns and a record, got b'short one'",
    )
    assert parsed.examples["not_json"][0] == 3


def test_nothing_behind_the_columns():
    """Is an empty line, as it was when it was logged."""
    assert parse(PREFIX).skipped == {"empty": 1}


def test_no_lines():
    """Give an empty batch."""
    assert len(parse().batch) == 0
