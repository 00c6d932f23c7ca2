"""What is dropped is nowhere in a batch, and what is hashed is known by its hash only."""

from __future__ import annotations

import hashlib
import json

import pytest

from exporter import config
from exporter.errors import UsageError
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.of_model import prediction_parser, read_withheld
from exporter.parsing.withheld import DROPPED, HASHED, Withheld, known

RECORD = {
    "request_id": "ann@example.com",
    "prediction": "a",
    "cost": 2.5,
    "currency": "EUR",
    "escalated": True,
    "features": {"email": "ann@example.com", "age": 40, "city": "Bern"},
    "slice": {"region": "north"},
    "attributions": {"age": 0.5},
}


def batch(withheld, *records):
    """Return what becomes of records."""
    lines = [json.dumps(one).encode() for one in records or (RECORD,)]
    return JsonLines(features=None, withheld=withheld).parse(lines, 0.0).batch


def digest(text, key=b"k"):
    """Return the hash that is documented."""
    return hashlib.blake2b(text.encode(), digest_size=8, key=key).hexdigest()


def test_dropped_fields_are_as_if_they_had_not_been_logged():
    """A whole map, one name in a map, and plain fields; all others stay."""
    dropped = ["request_id", "cost", "currency", "escalated", "attributions", "features.email"]
    found = batch(Withheld(dropped))
    without = {key: value for key, value in RECORD.items() if key not in dropped}
    without["features"] = {"age": 40, "city": "Bern"}
    expected = batch(Withheld(), without)
    assert found.request_id is expected.request_id is None
    assert found.numbers == expected.numbers == {}
    assert found.classes == expected.classes == {}
    assert {key: one.raw for key, one in found.features.items()} == {"age": [40], "city": ["Bern"]}
    assert set(found.maps) - {"attributions"} == set(expected.maps) == {"slice"}
    assert found.maps["attributions"] == {}
    assert found.prediction.decode() == ["a"]


def test_whole_features():
    """By the name of the map."""
    assert batch(Withheld(["features"])).features == {}


def test_equal_values_have_equal_hashes():
    """In whatever field; numbers as the classes that they are, and nothing stays nothing."""
    records = [RECORD, {"prediction": "b", "features": {"email": None, "age": 40.0}}]
    found = batch(Withheld(hashed=["request_id", "features"], key=b"k"), *records)
    assert found.request_id == (digest("ann@example.com"), None)
    assert found.features["email"].raw == [digest("ann@example.com"), None]
    assert found.features["age"].raw == [digest("40"), digest("40")]
    assert found.maps["slice"]["region"].raw == ["north", None]


def test_one_name_of_a_map():
    """The others are read as they are."""
    found = batch(Withheld(hashed=["features.email", "slice"], key=b"k"))
    assert found.features["email"].raw == [digest("ann@example.com")]
    assert found.features["city"].raw == ["Bern"]
    assert found.maps["slice"]["region"].raw == [digest("north")]


def test_another_key_makes_other_hashes():
    """Hence nobody without it can try out names."""
    assert Withheld(key=b"k").hash_of("ann") != Withheld(key=b"l").hash_of("ann")


@pytest.mark.parametrize("path", ["features.", "prediction", "cost.x", "email", ""])
def test_what_can_not_be_withheld(path):
    """A typo is no field."""
    assert not known(path, DROPPED)
    assert not known(path, HASHED)


def configured(tmp_path, privacy, **model):
    """Load a configuration."""
    (tmp_path / "key").write_text("  secret of ours\n")
    content = {"privacy": privacy, "models": [{"name": "m", "paths": ["log"], **model}]}
    (tmp_path / "c.yml").write_text(json.dumps(content))
    return config.load(tmp_path / "c.yml")


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ({}, b'{"request_id": "ann", "prediction": "a"}'),
        ({"format": "logfmt"}, b"request_id=ann prediction=a"),
        ({"format": "regex", "pattern": "(?P<request_id>.*) (?P<prediction>.*)"}, b"ann a"),
        ({"leading_fields": 1}, b'x {"request_id": "ann", "prediction": "a"}'),
    ],
)
def test_every_format_withholds(tmp_path, model, line):
    """The key is the text of the file without white space at its ends."""
    configuration = configured(tmp_path, {"hash": ["request_id"], "hash_key_file": "key"}, **model)
    parser = prediction_parser(configuration.models[0], configuration, ())
    found = parser.parse([line], 0.0).batch
    assert found.request_id == (digest("ann", b"secret of ours"),)


def test_csv_withholds(tmp_path):
    """Below its header."""
    configuration = configured(tmp_path, {"drop": ["request_id"]}, format="csv")
    parser = prediction_parser(configuration.models[0], configuration, ())
    found = parser.below(b"request_id,prediction").parse([b"ann,a"], 0.0).batch
    assert found.request_id is None
    assert found.prediction.decode() == ["a"]


@pytest.mark.parametrize(
    ("key", "message"),
    [("", "expected a key of 1 to 64 bytes, got 0"), ("é" * 33, "1 to 64 bytes, got 66")],
)
def test_a_key_of_no_use(tmp_path, key, message):
    """The key itself is in no message."""
    privacy = configured(tmp_path, {"hash": ["request_id"], "hash_key_file": "key"}).privacy
    (tmp_path / "key").write_text(key)
    with pytest.raises(UsageError, match=message):
        read_withheld(privacy)
    (tmp_path / "key").unlink()
    with pytest.raises(UsageError, match="can't read the key of the hashes"):
        read_withheld(privacy)
