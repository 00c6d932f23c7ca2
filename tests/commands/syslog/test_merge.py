from __future__ import annotations

import pytest

from exporter.errors import UsageError
from exporter.markov import model_file
from tests.commands.syslog.test_score import log, run


def trained(path, count):
    """Train a model."""
    (path.parent / f"{path.name}.log").write_bytes(log(count))
    run("train", "-o", path, path.parent / f"{path.name}.log")


def test_models_become_one(tmp_path):
    """Which says what it holds, and scores."""
    for name, count in (("a", 90), ("b", 60)):
        trained(tmp_path / name, count)
    code, out, err = run("merge", "-o", tmp_path / "both", tmp_path / "a", tmp_path / "b")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "models                  2",
        "lines                   150",
        "hosts                   2",
        "distinct messages       3",
        "transitions             148",
    ]
    assert model_file.load(tmp_path / "both").lines == 150
    _, out, _ = run("score", "--model", tmp_path / "both", "--top", 1, "-", stdin=log(60, odd=30))
    assert "novel" in out


def test_a_model_of_an_older_version(tmp_path):
    """Is merged as far as it goes, and that is told."""
    trained(tmp_path / "a", 30)
    old = model_file.load(tmp_path / "a")
    object.__setattr__(old, "online", None)
    model_file.save(old, tmp_path / "old")
    code, _, err = run("merge", "-o", tmp_path / "both", tmp_path / "a", tmp_path / "old")
    assert code == 0
    assert "a model of an older modeltail is among them" in err
    assert model_file.load(tmp_path / "both").online is None


def test_bad_arguments(tmp_path):
    """Say what is wrong, and leave nothing behind."""
    trained(tmp_path / "a", 30)
    with pytest.raises(UsageError, match="there is no directory"):
        run("merge", "-o", tmp_path / "absent" / "both", tmp_path / "a")
    with pytest.raises(UsageError, match="can't be read"):
        run("merge", "-o", tmp_path / "both", tmp_path / "a", tmp_path / "absent")
    assert not (tmp_path / "both").exists()
