from __future__ import annotations

import hashlib
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.errors import UsageError
from exporter.markov.model_file import fingerprint, load, save
from exporter.markov.training import Trainer
from exporter.records import Categorical, SyslogBatch


def trained(messages):
    """Train on the messages of one host; the first letter is the tag."""
    trainer = Trainer()
    trainer.update(
        SyslogBatch(
            "test",
            0.0,
            np.zeros(len(messages)),
            Categorical.encode("h" * len(messages)),
            Categorical.encode([message[:1] for message in messages]),
            Categorical.encode(messages),
        )
    )
    return trainer.model()


def written(path, content: dict, version: int = 1) -> None:
    """Write a file around any content."""
    packed = msgspec.msgpack.encode(content)
    head = b"MTMARKOV" + version.to_bytes(2, "big") + hashlib.sha256(packed).digest()
    path.write_bytes(head + zlib.compress(packed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(max_size=5), max_size=30))
def test_what_is_saved_is_loaded(tmp_path, messages):
    """Everything comes back, whatever the messages hold."""
    model = trained(messages)
    path = tmp_path / "model"
    save(model, path)
    loaded = load(path)
    assert loaded.messages.values == model.messages.values
    assert loaded.tags.values == model.tags.values
    for matrix in ("message_transitions", "tag_transitions"):
        got, expected = getattr(loaded, matrix), getattr(model, matrix)
        assert got.pairs.tolist() == expected.pairs.tolist()
        assert got.counts.tolist() == expected.counts.tolist()
        assert got.row_totals.tolist() == expected.row_totals.tolist()
    for number in ("lines", "chains", "holdout_transitions", "holdout_unseen"):
        assert getattr(loaded, number) == getattr(model, number)
    assert fingerprint(loaded) == fingerprint(model)


def test_the_fingerprint_is_that_of_the_content():
    """Equal models have equal ones, other models others."""
    assert fingerprint(trained("aab")) == fingerprint(trained("aab"))
    assert fingerprint(trained("aab")) != fingerprint(trained("aba"))


def test_saving_replaces_and_leaves_nothing_else(tmp_path):
    """An old model is replaced as a whole."""
    path = tmp_path / "model"
    save(trained("aab"), path)
    save(trained("abc"), path)
    assert load(path).messages.values == ("a", "b", "c")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_files_that_can_t_be_written(tmp_path):
    """The message names the file and why."""
    with pytest.raises(UsageError, match="absent/model: can't be written: No such file"):
        save(trained("ab"), tmp_path / "absent" / "model")
    with pytest.raises(UsageError, match="can't be written: Is a directory"):
        save(trained("ab"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_model(tmp_path):
    """A missing file, a directory, an empty file and another file are told apart."""
    with pytest.raises(UsageError, match="absent: can't be read: No such file"):
        load(tmp_path / "absent")
    with pytest.raises(UsageError, match="can't be read: Is a directory"):
        load(tmp_path)
    for content in (b"", b"MTMARK", b"Nov 22 12:00:00 web1 a: x\n"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(UsageError, match="file: no syslog model; expected a file that"):
            load(tmp_path / "file")


def test_truncated_at_any_place(tmp_path):
    """No part of a model loads."""
    path = tmp_path / "model"
    save(trained("abcab"), path)
    data = path.read_bytes()
    for length in range(8, len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(UsageError, match="truncated or damaged"):
            load(path)


def test_damaged_in_any_place(tmp_path):
    """No flipped byte goes unnoticed."""
    path = tmp_path / "model"
    save(trained("abcab"), path)
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        with pytest.raises(UsageError):
            load(path)


def test_a_newer_version(tmp_path):
    """The versions are named."""
    written(tmp_path / "model", {}, version=4)
    with pytest.raises(UsageError, match="version 4 of the format; this modeltail reads up to 3"):
        load(tmp_path / "model")


CONTENT = {
    "messages": ["a"],
    "tags": ["a"],
    "message_pairs": b"",
    "message_counts": b"",
    "tag_pairs": b"",
    "tag_counts": b"",
    "lines": 1,
    "chains": 1,
    "holdout_transitions": 0,
    "holdout_unseen": 0,
}


def test_content_of_the_right_form(tmp_path):
    """The content that the next test spoils is good."""
    written(tmp_path / "model", CONTENT)
    assert load(tmp_path / "model").lines == 1


@pytest.mark.parametrize(
    "change",
    [
        {"lines": "many"},
        {"surplus": 1},
        {"messages": "a"},
        {"message_pairs": b"1234567"},
        {"message_pairs": bytes(8)},
        {"tag_pairs": bytes([1, *bytes(7)]), "tag_counts": bytes([1, *bytes(7)])},
        {"messages": ["a", "a"]},
    ],
)
def test_content_of_another_form(tmp_path, change):
    """A valid checksum makes no valid model."""
    written(tmp_path / "model", CONTENT | change)
    with pytest.raises(UsageError, match="truncated or damaged"):
        load(tmp_path / "model")


def test_version_2_has_no_reference(tmp_path):
    """What it learned is of another layout: alarms begin from the first line."""
    path = tmp_path / "model"
    save(trained("abcab"), path)
    data = bytearray(path.read_bytes())
    assert load(path).online is not None
    data[8:10] = (2).to_bytes(2, "big")
    path.write_bytes(data)
    assert load(path).online is None
    assert load(path).lines == 5
