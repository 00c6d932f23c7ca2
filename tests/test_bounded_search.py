"""Patterns match as those of `re` do, and give up where these would go on for ever."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.bounded_search import BoundedPattern, PatternTimeoutError

NESTED = r"^(?P<word>(?:a|aa)*)[!?]$"
"""Each letter is taken by itself or with the next one: more ways than can be tried."""


@pytest.mark.parametrize("ask", ["search", "matches"])
def test_it_gives_up(ask):
    """In the time that it has, whatever the pattern."""
    pattern = BoundedPattern(NESTED)
    begun = time.monotonic()
    with pytest.raises(PatternTimeoutError):
        getattr(pattern, ask)("a" * 200 + ".")
    assert time.monotonic() - begun < 2


def test_groups():
    """In their order; one that takes no part is nothing."""
    pattern = BoundedPattern(r"(?P<a>x)|(?P<b>y+)")
    assert pattern.groups == ("a", "b")
    assert pattern.search("zyy") == (None, "yy")
    assert pattern.search("z") is None
    assert BoundedPattern(r"(?P<a>x)").search("x") == ("x",)


def test_a_whole_text():
    """From its beginning to its end."""
    pattern = BoundedPattern(r"[a-z]+")
    assert pattern.matches("abc")
    assert not pattern.matches("abc1")


@given(st.text(alphabet="ab \n1_", max_size=20))
def test_as_re_has_it(text):
    """Anchors, classes, lazy and possessive quantifiers, look-around, references, flags."""
    for source in (
        r"^(?P<a>\S+)\s(?P<b>.*)$",
        r"(?P<a>\w+?)(?P<b>[^ab]*+)\b",
        r"(?i)(?<!A)(?P<a>B+)(?=\d|$)",
        r"(?P<a>[ab])(?P=a)",
        r"(?m:^(?P<a>a.?)$)",
    ):
        expected = re.compile(source).search(text)
        found = BoundedPattern(source).search(text)
        assert found == (None if expected is None else expected.groups())


@pytest.mark.parametrize("source", ["(", "(?P<a>x)(?P<a>y)", "a{2,1}", r"\p{L}"])
def test_what_re_refuses_is_refused(source):
    """Also where the other library would take it."""
    with pytest.raises(ValueError, match="no regular expression of Python"):
        BoundedPattern(source)
