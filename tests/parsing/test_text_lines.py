from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.bounded_search import BoundedPattern
from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.leading_fields import WithoutLeadingFields
from exporter.parsing.logfmt import Logfmt
from exporter.parsing.regex_lines import Expression
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines

NOW = 1_800_000_000.0
EXPRESSION = BoundedPattern(r"prediction=(?P<prediction>\w*)(?: latency_ms=(?P<latency_ms>\S+))?")


def columns(features, other_models):
    """Return what texts mean."""
    return TextColumns("auto", {}, features, other_models)


FORMATS = {
    "logfmt": lambda *options: TextLines(Logfmt(), columns(*options)),
    "csv": lambda *options: CsvLines(columns(*options)).below(b"prediction,model,latency_ms"),
    "regex": lambda *options: TextLines(Expression(EXPRESSION), columns(*options)),
    "leading fields": lambda *options: WithoutLeadingFields(
        TextLines(Logfmt(), columns(*options)), 2
    ),
}
PARTS = st.sampled_from(
    [
        b"prediction", b"model", b"latency_ms", b"features.x", b"=", b",", b'"', b" ", b"a", b"1.5",
        b"null", b"-", b"\xff", b"\xef\xbb\xbf", b"\0", b"\r", b"\\", b"prediction=a latency_ms=3",
        b"a,other,1.5", b"prediction,model,latency_ms", b"model=other", b"1 2 prediction=a",
    ]
)  # fmt: skip
LINES = st.lists(
    st.lists(PARTS, max_size=8).map(b"".join)
    | st.binary(max_size=20).filter(lambda b: b"\n" not in b),
    max_size=8,
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=300)
@given(LINES, st.sampled_from([(), ("x",), None]), st.sampled_from([(), ("other",)]))
def test_any_bytes_are_accounted_for(name, lines, features, other_models):
    """Nothing raises, and read = parsed + rejected + skipped."""
    parser = FORMATS[name](features, other_models)
    parsed = parser.parse(lines, NOW)
    assert parsed.parsed + parsed.rejected.total() + parsed.skipped.total() == len(lines)
    assert len(parsed.batch) + parsed.batch.invalid.total() == parsed.parsed
    assert set(parsed.rejected) == set(parsed.examples) <= set(parser.reasons)
    assert set(parsed.skipped) <= {"empty", "header", "other_model"}
    for position, _ in parsed.examples.values():
        alone = FORMATS[name](features, other_models).parse([lines[position]], NOW)
        assert alone.rejected.total() == 1


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150)
@given(LINES, st.integers(1, 4))
def test_any_split_accounts_for_the_same(name, lines, size):
    """How a file is cut into blocks changes no count."""
    parser = FORMATS[name]((), ("other",))
    whole = parser.parse(lines, NOW)
    parts = [parser.parse(lines[start : start + size], NOW) for start in range(0, len(lines), size)]
    assert sum(part.parsed for part in parts) == whole.parsed
    for counts in ("rejected", "skipped"):
        total = sum((getattr(part, counts) for part in parts), type(whole.rejected)())
        assert total == getattr(whole, counts)
    separate = [value for part in parts for value in part.batch.prediction.decode()]
    assert whole.batch.prediction.decode() == separate


def test_examples_name_the_line():
    """By its place among all lines, the blank ones included, and cut to a sane length."""
    parser = FORMATS["logfmt"]((), ())
    parsed = parser.parse([b"", b"prediction=a", b"\t", b"=" + b"x" * 100_000], NOW)
    ((position, problem),) = parsed.examples.values()
    assert position == 3
    assert problem.startswith("expected key=value, got '=xxx")
    assert len(problem) < 400


def test_broken_utf8_is_counted_where_the_line_counts():
    """Not for lines that are rejected, skipped, or sound."""
    parser = FORMATS["logfmt"]((), ())
    lines = ["prediction=ä".encode(), b"prediction=\xff", b'="\xff', b" "]
    parsed = parser.parse(lines, NOW)
    assert parsed.batch.violations == {("line", "utf8"): 1}
    assert parsed.batch.prediction.decode() == ["ä", "\ufffd"]


def test_keys():
    """For people who look for the names in their log."""
    assert FORMATS["logfmt"]((), ()).keys([b"a=1 b=2", b"c=3"]) == ["a", "b", "c"]
    assert FORMATS["csv"]((), ()).keys([b"x,y,z"]) == ["prediction", "model", "latency_ms"]
