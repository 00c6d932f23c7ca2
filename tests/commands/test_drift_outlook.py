"""How small a shift each window can find, by the records that there are."""

from __future__ import annotations

import io
import json
import random

from exporter.cli import execute
from exporter.commands.streams import Streams

CONFIGURATION = "windows: [5m, 1h]\nmodels: [{name: bot, paths: [log.jsonl]%s}]\n"


def execute_in(folder, *arguments):
    """Run a command and return its code and output."""
    out, err = io.StringIO(), io.StringIO()
    code = execute([*arguments, "--config.file", "c.yml"], Streams(out, err, io.BytesIO()))
    return code, out.getvalue() + err.getvalue()


def test_check_says_what_windows_can_find(tmp_path, monkeypatch):
    """A prediction a second: five minutes are too short, an hour tells an eighth of a deviation."""
    monkeypatch.chdir(tmp_path)
    chance = random.Random(1)
    lines = [
        json.dumps(
            {
                "timestamp": 1_700_000_000 + number,
                "prediction": "a",
                "features": {"age": chance.gauss(40, 5)},
            }
        )
        for number in range(2000)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "c.yml").write_text(CONFIGURATION % "")
    build = ("reference", "build", "--model", "bot", "-o", "bot.ref", "log.jsonl")
    assert execute_in(tmp_path, *build)[0] == 0
    (tmp_path / "c.yml").write_text(CONFIGURATION % ", drift: {reference: bot.ref}")
    code, told = execute_in(tmp_path, "check")
    assert code == 0
    assert "drift in 5m: about 300 predictions, worth 300 of age: too few to test, 500" in told
    hour = next(line for line in told.splitlines() if "drift in 1h" in line)
    assert "about 3,600 predictions, worth 3,600 of age: a difference of 0.050 is found" in hour
    assert hour.endswith("by 0.13 standard deviations")


def test_records_without_times_tell_nothing(tmp_path, monkeypatch):
    """Nobody knows how many there will be."""
    monkeypatch.chdir(tmp_path)
    line = json.dumps({"prediction": "a", "features": {"age": 3}})
    (tmp_path / "log.jsonl").write_text(f"{line}\n" * 200)
    (tmp_path / "c.yml").write_text(CONFIGURATION % "")
    build = ("reference", "build", "--model", "bot", "-o", "bot.ref", "log.jsonl")
    assert execute_in(tmp_path, *build)[0] == 0
    (tmp_path / "c.yml").write_text(CONFIGURATION % ", drift: {reference: bot.ref}")
    assert "drift in" not in execute_in(tmp_path, "check")[1]


def test_check_says_why_density_is_not_looked_up(tmp_path, monkeypatch):
    """The reference knows none of it, or holds out too few records for so small an alpha."""
    monkeypatch.chdir(tmp_path)
    chance = random.Random(2)
    lines = [
        json.dumps({"prediction": "a", "features": {"age": chance.gauss(40, 5)}})
        for _ in range(600)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "c.yml").write_text(CONFIGURATION % "")
    build = ("reference", "build", "--model", "bot", "-o", "bot.ref", "log.jsonl")
    assert execute_in(tmp_path, *build)[0] == 0

    def told(density):
        drift = f", drift: {{reference: bot.ref, density: {density}}}"
        (tmp_path / "c.yml").write_text(CONFIGURATION % drift)
        return execute_in(tmp_path, "check")[1]

    assert "density:" not in told("{}")
    assert "density: not looked up, since the reference knows none of embedding;" in told(
        "{of: embedding}"
    )
    assert "at alpha 0.003, since only 300 records of the reference are held out" in told(
        "{alpha: 0.003}"
    )
