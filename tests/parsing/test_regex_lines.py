from __future__ import annotations

import pytest

from exporter.bounded_search import BoundedPattern
from exporter.parsing.regex_lines import Expression
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines

NOW = 1_800_000_000.0
NGINX = (
    r'^\S+ - \S+ \[(?P<timestamp>[^\]]+)\] "(?:POST /predict|GET /score)[^"]*" '
    r"(?:(?P<error_type>5\d\d)|\d{3}) \d+ (?P<latency_s>\S+)$"
)


def parse(pattern, *lines, fields=None, features=()):
    """Parse lines by a pattern."""
    columns = TextColumns("auto", fields or {}, features, (), "_")
    return TextLines(Expression(BoundedPattern(pattern)), columns).parse(lines, NOW)


def test_an_access_log():
    """Latency and errors of a service, from the log of the proxy before it."""
    parsed = parse(
        NGINX,
        b'10.0.0.1 - - [2027-01-15T08:00:00+00:00] "POST /predict HTTP/1.1" 200 512 0.041',
        b'10.0.0.1 - - [2027-01-15T08:00:01+00:00] "POST /predict?x HTTP/1.1" 502 17 2.000',
        b'10.0.0.1 - - [2027-01-15T08:00:02+00:00] "GET / HTTP/1.1" 200 512 0.001',
        b'10.0.0.1 - - [2027-01-15T08:00:03+00:00] "GET /score HTTP/1.1" 200 5 -',
    )
    assert parsed.batch.timestamp.tolist() == [NOW, NOW + 1]
    assert parsed.batch.latency.tolist() == [0.041, 2.0]
    assert parsed.batch.error_type.decode() == [None, "502"]
    assert parsed.rejected == {"no_match": 1}
    assert parsed.examples["no_match"][0] == 2
    # A request that never reached the service took no time that is known.
    assert parsed.batch.invalid == {"nothing_to_measure": 1}


def test_it_is_searched_for():
    """Anywhere in the line, unless it is tied to its ends."""
    assert parse("class=(?P<prediction>\\w+)", b"x class=a y").batch.prediction.decode() == ["a"]
    assert parse("^class=(?P<prediction>\\w+)", b"x class=a y").rejected == {"no_match": 1}


def test_groups_are_keys():
    """A dot of a key is an underscore; what no field reads is of no interest."""
    pattern = r"(?P<score_top>\S+) (?P<prediction>\S+) (?P<features_age>\d+) (?P<other>\S+)"
    for features in (None, ["age"]):
        batch = parse(
            pattern, b"0.5 a 42 x", fields={"confidence": "score.top"}, features=features
        ).batch
        assert batch.confidence.tolist() == [0.5]
        assert {name: list(column.raw) for name, column in batch.features.items()} == {"age": [42]}


def test_an_optional_group_is_an_absent_field():
    """Not an empty text."""
    parsed = parse(r"^(?P<prediction>\w+)(?: (?P<confidence>\S+))?$", b"a 0.5", b"b")
    assert parsed.batch.confidence.tolist()[0] == 0.5
    assert not parsed.batch.violations


@pytest.mark.parametrize("lines", [[], [b"none"]])
def test_no_match_at_all(lines):
    """Leaves an empty batch."""
    parsed = parse("(?P<prediction>[0-9])", *lines)
    assert (len(parsed.batch), parsed.rejected.total()) == (0, len(lines))


def test_an_expression_sees_characters_not_bytes():
    """Broken UTF-8 is replaced, and counted once for its line."""
    parsed = parse("^(?P<prediction>...)$", "äöü".encode(), b"a\xffb", b"\xff")
    assert parsed.batch.prediction.decode() == ["äöü", "a\ufffdb"]
    assert parsed.batch.violations == {("line", "utf8"): 1}


def test_a_line_that_takes_too_long_costs_itself_alone():
    """The ones before and after it are read."""
    lines = (b"aa!", b"a" * 200 + b".", b"a?")
    parsed = parse(r"^(?P<prediction>(?:a|aa)*)[!?]$", *lines)
    assert parsed.batch.prediction.decode() == ["aa", "a"]
    assert parsed.rejected == {"pattern_timeout": 1}
    assert parsed.examples["pattern_timeout"][0] == 1
