from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.quality.identities import of_records, of_texts
from tests.monitors.builders import parse

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


RECORD = {
    "timestamp": 1000,
    "request_id": "r",
    "model_version": "1",
    "prediction": "a",
    "confidence": 0.5,
    "latency_ms": 3,
    "cost": 0.5,
    "currency": "EUR",
    "slice": {"region": "eu"},
    "features": {"x": 1, "y": "b"},
}


def hashed(*records):
    """Return the hash of each record."""
    return of_records(parse(*records, features=("x", "y"))).tolist()


def test_a_change_in_any_field_is_another_record():
    """Also a value that is absent, and two that change places."""
    changes = [
        {"timestamp": 1001},
        {"request_id": "s"},
        {"model_version": "2"},
        {"prediction": "b"},
        {"confidence": 0.25},
        {"latency_ms": 4},
        {"cost": None},
        {"currency": "CHF"},
        {"slice": {"region": "us"}},
        {"features": {"x": 2, "y": "b"}},
        {"features": {"x": "b", "y": 1}},
        {"features": {"x": 1}},
    ]
    assert len(set(hashed(RECORD, *[{**RECORD, **change} for change in changes]))) == 13


def test_the_company_of_a_record_does_not_matter():
    """Not the order of its keys, nor fields and kinds of value that others in its batch have."""
    shuffled = list(RECORD.items())
    random.Random(0).shuffle(shuffled)
    odd = {"prediction": "a", "tokens_in": 3, "features": {"x": "text", "y": 2.5}}
    (alone,) = hashed(RECORD)
    assert hashed(odd, dict(shuffled))[1] == alone
    assert hashed({**RECORD, "true_label": "a"}) == [alone]
    assert len(set(hashed(odd, {**odd, "features": {"x": True, "y": float("nan")}}))) == 2
