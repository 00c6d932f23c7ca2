from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.storage.encoding import encode
from exporter.storage.nesting import ROOT, child, lifted, nested
from exporter.storage.rows import Rows
from tests.storage.kept import Kept, plain

KEYS = st.text(alphabet="a/~01 ü", max_size=4)
STATES = st.recursive(
    st.integers(0, 9) | st.text(max_size=3) | st.lists(st.integers(0, 9), max_size=3),
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4).map(lambda rows: Kept().set(**rows))
        | st.lists(st.dictionaries(KEYS, inner, max_size=3), max_size=3)
    ),
    max_leaves=20,
)


def rows_of(value: Any, path: str = ROOT) -> dict[str, bytes]:
    """Return all rows of a state."""
    found: dict[str, Rows] = {}
    rows = {path: encode(lifted(value, path, found))}
    for name, each in found.items():
        for key in each.versions():
            rows |= rows_of(each.value(key), child(name, key))
    return rows


@given(STATES)
def test_a_state_comes_back_from_its_rows(state):
    """Whatever its keys are, and whatever lies in what."""
    assert nested(rows_of(state)) == plain(state)


def test_rows_have_readable_names():
    """For people with sqlite3 at hand."""
    state = {"versions": {"1/2~b": Kept(rings=[{"slots": Kept(a=1)}, {"slots": Kept(b=2)}])}}
    assert list(rows_of(state)) == [
        "",
        "/versions/1~12~0b/rings",
        "/versions/1~12~0b/rings/0/slots/a",
        "/versions/1~12~0b/rings/1/slots/b",
    ]


def test_arrays_stay_where_they_are():
    """They are values."""
    assert nested(rows_of({"counts": np.arange(3)}))["counts"].tolist() == [0, 1, 2]


def test_without_the_row_of_the_whole_nothing_comes_back():
    """It says what is where."""
    with pytest.raises(KeyError):
        nested({"/a": encode(1)})
