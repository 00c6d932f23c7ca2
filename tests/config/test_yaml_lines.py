from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import yaml_lines
from exporter.errors import UsageError

TEXT = """\
a: 1

b:
  - x
  - y: 2
    z: 3
c: {d: 4,
    e: 5}
"""


def test_every_key_and_item_has_its_line():
    """1-based, as editors count."""
    document = yaml_lines.read(TEXT, "f.yml")
    assert document.data == {"a": 1, "b": ["x", {"y": 2, "z": 3}], "c": {"d": 4, "e": 5}}
    lines = {
        ("a",): 1,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1): 5,
        ("b", 1, "y"): 5,
        ("b", 1, "z"): 6,
        ("c",): 7,
        ("c", "d"): 7,
        ("c", "e"): 8,
    }
    for path, line in lines.items():
        assert document.line(path) == line


def test_an_unknown_path_has_the_line_of_what_contains_it():
    """That is where the key is missing."""
    document = yaml_lines.read(TEXT, "f.yml")
    assert document.line(("b", 1, "y", "deeper")) == 5
    assert document.line(("b", 7)) == 3
    assert document.line(("nowhere",)) == 1


def test_an_empty_text_is_no_data():
    """Nor are comments."""
    assert yaml_lines.read("", "f.yml").data is None
    assert yaml_lines.read("# x\n", "f.yml").data is None


def test_a_key_that_is_said_twice_is_refused():
    """YAML would silently keep the last."""
    with pytest.raises(UsageError, match=r"^f.yml:4: a\.b: the key is already set on line 2$"):
        yaml_lines.read("a:\n  b: 1\n  c: 2\n  b: 3\n", "f.yml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "f.yml:1:6: not valid YAML: while parsing a flow sequence, expected"),
        ("a: !!python/object:os.system x", "f.yml:1:4: not valid YAML: could not determine a "),
        ("a\n---\nb\n", "f.yml:2:1: not valid YAML: expected a single document in the stream, but"),
        (
            "? [a]\n: b\n",
            "f.yml:1:3: not valid YAML: while constructing a mapping, found unhashable",
        ),
        ("a: *b\n", "f.yml:1:4: not valid YAML: found undefined alias 'b'"),
        ("a: 2024-99-99\n", "f.yml: not valid YAML: month must be in 1..12"),
        ("\na: \x07\n", "f.yml:2: not valid YAML: it contains '\\x07'"),
        ("[" * 5_000, "f.yml: not valid YAML: nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text, message):
    """And never as a traceback."""
    with pytest.raises(UsageError) as raised:
        yaml_lines.read(text, "f.yml")
    assert str(raised.value).startswith(message)


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("a:-[]{}&*!?|> \n\t'\"#", max_size=40)
)
def test_any_text_is_data_or_a_usage_error(text):
    """Nothing else is raised."""
    try:
        document = yaml_lines.read(text, "f.yml")
    except UsageError:
        return
    assert document.line(()) >= 1


def test_aliases_that_multiply_are_refused_at_once():
    """Ten billion values in eleven lines."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(UsageError, match="more than 100,000 values, those of aliases"):
        yaml_lines.read("\n".join(lines), "f.yml")


def test_many_values_are_fine():
    """A long list of allowed values, say."""
    text = "a: [" + ", ".join(map(str, range(50_000))) + "]"
    assert len(yaml_lines.read(text, "f.yml").data["a"]) == 50_000
