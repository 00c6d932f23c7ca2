from __future__ import annotations

import json

import pytest

from exporter.errors import UsageError
from exporter.markov import model_file
from tests.commands.syslog.test_score import log, run


@pytest.fixture
def model(tmp_path):
    """Return the path of a model of 90 lines."""
    (tmp_path / "log").write_bytes(log(90))
    run("train", "-o", tmp_path / "model", tmp_path / "log")
    return tmp_path / "model"


def test_what_is_in_a_model(model):
    """How much, and the most frequent lines."""
    code, out, err = run("show", "--top", 2, model)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["lines                   90", "hosts                   1"]
    assert "reference               0 lines, compared with 0" in lines
    assert "alpha of incidents      none: too few lines" in lines
    assert len(lines[lines.index("most frequent lines") + 1 :]) == 2


def test_as_json(model):
    """The same, for programs."""
    found = json.loads(run("show", "--format", "json", model)[1])
    assert (found["lines"], found["hosts"]) == (90, 1)
    assert found["reference"] == {"lines": 0, "compared": 0, "least_alpha": None}
    assert sum(line["count"] for line in found["most_frequent"]) == 90
    counts = [line["count"] for line in found["most_frequent"]]
    assert counts == sorted(counts, reverse=True)


def test_the_reference_of_a_longer_log(tmp_path):
    """As many lines as a power of two, and those after it."""
    (tmp_path / "log").write_bytes(log(1500))
    run("train", "-o", tmp_path / "model", tmp_path / "log")
    found = json.loads(run("show", "--format", "json", tmp_path / "model")[1])["reference"]
    assert found == {"lines": 1024, "compared": 476, "least_alpha": 1 / 477}


def test_a_model_of_an_older_version(model):
    """Has nothing of it."""
    old = model_file.load(model)
    object.__setattr__(old, "online", None)
    model_file.save(old, model)
    with pytest.raises(UsageError, match="written by an older modeltail"):
        run("show", model)
