"""A hash stands for a text, in every process."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.hashing import of_texts

HASHES = ["0000000000000000", "95d0a07200f8f2e4", "ae78c61caab7a9f9", "54b3e983376efa1f"]

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))


def test_hashes_are_the_same_for_ever():
    """They are stored: another number for the same text would be another text."""
    hashes = of_texts(["", "a", "req-1", "é😀"])
    assert [f"{number:016x}" for number in hashes.tolist()] == HASHES


@given(texts)
def test_a_text_has_one_hash_wherever_it_stands(column):
    """Neither its neighbours nor their lengths matter; different texts differ."""
    together = of_texts(column).tolist()
    assert together == [int(of_texts([text])[0]) for text in column]
    assert len(set(together)) == len(set(column))


def test_a_million_names_have_as_many_hashes():
    """Of 10^6 names that differ in digits alone no two share one (expected: 3e-8 pairs)."""
    hashes = of_texts([f"request-{number}" for number in range(1_000_000)])
    assert len(np.unique(hashes)) == 1_000_000


def test_a_long_text_costs_its_neighbours_nothing():
    """Padded to it, ten thousand short ones would take 40 GB; its end still matters."""
    long = "x" * 2**20
    hashes = of_texts([*map(str, range(10_000)), long, long + "y"]).tolist()
    assert len(set(hashes)) == 10_002
    assert hashes[:10_000] == of_texts(list(map(str, range(10_000)))).tolist()
