from __future__ import annotations

import pytest

from exporter.errors import UsageError
from exporter.markov.evaluation.pair_file import read_pairs
from tests.markov.evaluation.logs import RECEIVED, random_log


def written(folder, text: str):
    """Write a log of 100 lines of two hosts, with a column in front, and a file of pairs."""
    lines = random_log(100, 3, hosts=2).raw.tolist()
    (folder / "a.log").write_bytes(b"".join(b"- " + line + b"\n" for line in reversed(lines)))
    path = folder / "pairs.yml"
    path.write_text(text)
    return path


def test_parts_of_hosts_and_periods(tmp_path):
    """Paths are relative to the file; lines can be sorted by their time first."""
    text = """
parts:
  - {name: all, system: s, host: both, files: [a.log], leading_fields: 1, by_time: true}
  - {name: a, system: s, host: a, files: [a.log], leading_fields: 1, only_hosts: [web0]}
  - {name: b, system: s, host: b, files: [a.log], leading_fields: 1, without_hosts: [web0]}
  - {name: half, system: s, host: a, files: [a.log], leading_fields: 1, only_hosts: [web0],
     share: [0.5, 1]}
"""
    found = read_pairs(written(tmp_path, text), RECEIVED, seed=0)
    parts = {pair.test.name: pair.test.log for pair in found}
    assert parts["all"].raw.tolist() == random_log(100, 3, hosts=2).raw.tolist()
    assert set(parts["a"].host.decode()) == {"web0"}
    assert set(parts["b"].host.decode()) == {"web1"}
    assert len(parts["a"]) + len(parts["b"]) == 100
    assert parts["half"].raw.tolist() == parts["a"].raw.tolist()[round(len(parts["a"]) / 2) :]
    classes = {(pair.train.name, pair.test.name): pair.similarity for pair in found}
    assert classes["a", "half"] == "other period"
    assert classes["half", "half"] == "same"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parts: []", r"pairs\.yml:1: parts: expected at least 1 valid entries"),
        (
            "parts:\n  - {name: a, system: s, host: h, files: [a.log], colour: red}",
            r"pairs\.yml:2: parts\.0\.colour: unknown key",
        ),
        (
            "parts:\n  - {name: a, system: s, host: h, files: [a.log], share: [1, 0.5]}",
            "the first number must be below the second",
        ),
        (
            "parts:\n" + "  - {name: a, system: s, host: h, files: [a.log]}\n" * 2,
            "two parts have the name 'a'",
        ),
        (
            "parts:\n  - {name: a, system: s, host: h, files: [a.log]}",
            r"pairs\.yml: a: no syslog message",
        ),
        ("parts:\n  - {name: a, system: s, host: h, files: [none.log]}", "no such file"),
    ],
)
def test_mistakes(tmp_path, text, message):
    """Each says where."""
    with pytest.raises(UsageError, match=message):
        read_pairs(written(tmp_path, text), RECEIVED, seed=0)


def test_a_file_that_is_not_there(tmp_path):
    """As for every file."""
    with pytest.raises(UsageError, match="can't read the pairs"):
        read_pairs(tmp_path / "none.yml", RECEIVED, seed=0)
