from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.parsing.logfmt import Logfmt
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines

NOW = 1_800_000_000.0


def pairs(*lines: str) -> list[dict[str, str | None]]:
    """Return the pairs of lines, each of which can be cut."""
    cut = Logfmt().cut(lines)
    assert not cut.refused
    columns = {key: cut.texts[key] for key in cut.texts}
    return [
        {key: column[row] for key, column in columns.items() if column[row] is not None}
        for row in range(len(lines))
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1 b=two", {"a": "1", "b": "two"}),
        ('a="x y" b=2', {"a": "x y", "b": "2"}),
        (r'a="say \"hi\"\n" b="\u00e9\\"', {"a": 'say "hi"\n', "b": "é\\"}),
        (r'a="\x00 is no JSON"', {"a": r"\x00 is no JSON"}),
        ("debug a=1", {"debug": "true", "a": "1"}),
        ("a= b=1", {"a": "", "b": "1"}),
        ('a="" b=1', {"a": "", "b": "1"}),
        ("a=1 a=2", {"a": "2"}),
        ("url=/x?y=1&z=2", {"url": "/x?y=1&z=2"}),
        ("  a=1\t b=2  ", {"a": "1", "b": "2"}),
        ("features.age=42 %^asdf=é", {"features.age": "42", "%^asdf": "é"}),
        ("foo", {"foo": "true"}),
    ],
)
def test_what_a_line_says(line, expected):
    """As in go-logfmt's own examples."""
    assert pairs(line) == [expected]


@pytest.mark.parametrize(
    "line",
    ["=1", 'a="open', 'a=b"c', '"a"=1', 'a="b"c', 'a=1 ="x"', '{"a": 1}', "\x01"],
)
def test_what_is_no_logfmt(line):
    """A line without a key, or with a quote where none may be."""
    cut = Logfmt().cut(["a=1 b=2", line, "a=3 b=4"])
    assert list(cut.refused) == [1]
    assert cut.refused[1].reason == "not_logfmt"
    assert list(cut.texts["a"]) == ["1", "3"]


def test_layouts_that_alternate():
    """Each line gets its own keys, whatever the lines before had."""
    lines = ["a=1 b=2", 'b=3 a="4 5"', "a=6", "a=7 b=8 c=9", "x y=1"] * 3
    cutter = Logfmt()
    for _ in range(3):
        assert list(cutter.cut(lines).texts["a"]) == ["1", "4 5", "6", "7", None] * 3
        assert list(cutter.cut(lines).texts["c"]) == [None, None, None, "9", None] * 3


PARTS = st.sampled_from(
    ["a", "b", "=", '"', " ", "\\", '\\"', "\t", "1", 'a="x y"', "b=2", "a=", "é", "\x01", "\\n"]
)
LINE = st.lists(PARTS, max_size=10).map("".join)


@settings(max_examples=400)
@given(st.lists(LINE, min_size=1, max_size=6))
def test_a_layout_changes_nothing(lines):
    """A line says the same alone, beside others, and after its layout was learnt."""
    together = Logfmt()
    together.cut(["a=1 b=2"])
    for _ in range(2):
        cut = together.cut(lines)
        rows = iter(range(len(lines)))
        for position, line in enumerate(lines):
            alone = Logfmt().cut([line])
            assert (position in cut.refused) == bool(alone.refused)
            if not alone.refused:
                row = next(rows)
                for key in cut.texts:
                    assert cut.texts[key][row] == (
                        alone.texts[key][0] if key in alone.texts else None
                    )


@given(
    st.dictionaries(
        st.text(
            st.characters(min_codepoint=33, exclude_characters='="', codec="utf-8"), min_size=1
        ),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])),
        min_size=1,
    )
)
def test_values_come_back(record):
    """What is quoted as go-kit does is read as it was."""
    quoted = {
        key: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for key, value in record.items()
    }
    assert pairs(" ".join(f"{key}={value}" for key, value in quoted.items())) == [record]


def test_a_record():
    """From bytes to columns."""
    line = (
        b'ts=2027-01-15T08:00:00Z msg="all is well" prediction=refund confidence=0.93 '
        b"took=41.5ms features.age=42"
    )
    fields = {"timestamp": "ts", "latency_ms": "took"}
    parsed = TextLines(Logfmt(), TextColumns("auto", fields, ["age"], ())).parse([line], NOW)
    batch = parsed.batch
    assert batch.timestamp.tolist() == [NOW]
    assert batch.prediction.decode() == ["refund"]
    assert batch.confidence.tolist() == [0.93]
    assert batch.latency.tolist() == pytest.approx([0.0415])
    assert batch.features["age"].numeric().tolist() == [42.0]
