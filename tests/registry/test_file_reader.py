from __future__ import annotations

import os

import pytest

from exporter.errors import UsageError
from exporter.registry.file_reader import FileReader

ONE = "models: {bot: {versions: {1.0.0: {registered: 2026-11-01T00:00:00Z}}}}"


def test_the_file_is_read_again_when_it_changed(tmp_path):
    """And is the same object as long as it did not."""
    path = tmp_path / "registry.yml"
    path.write_text("models: {}")
    reader = FileReader(path)
    assert reader() == {}
    assert reader() is reader()
    path.write_text(ONE)
    assert [each.name for each in reader()["bot"]] == ["1.0.0"]


def test_a_mistake_is_told_at_each_look_until_it_is_mended(tmp_path):
    """Though the file did not change in between."""
    path = tmp_path / "registry.yml"
    path.write_text("models: 1")
    reader = FileReader(path)
    for _ in range(2):
        with pytest.raises(UsageError, match=r"registry\.yml:1: models: expected a map, got 1"):
            reader()
    path.write_text(ONE)
    assert list(reader()) == ["bot"]


def test_a_file_of_the_same_size_and_time_is_another_one(tmp_path):
    """A restored backup keeps both, but is another file."""
    path = tmp_path / "registry.yml"
    path.write_text(ONE)
    os.utime(path, ns=(1, 1))
    reader = FileReader(path)
    reader()
    other = tmp_path / "other.yml"
    other.write_text(ONE.replace("1.0.0", "2.0.0"))
    os.utime(other, ns=(1, 1))
    other.replace(path)
    assert reader()["bot"][0].name == "2.0.0"


def test_a_file_that_is_gone_is_an_error(tmp_path):
    """With its name and why."""
    with pytest.raises(UsageError, match=r"gone\.yml: can't read the registry: No such file"):
        FileReader(tmp_path / "gone.yml")()
