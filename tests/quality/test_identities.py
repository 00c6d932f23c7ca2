from __future__ import annotations

import random

from exporter.quality.identities import of_records
from tests.monitors.builders import parse

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
