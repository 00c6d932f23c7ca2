"""A reference of the first predictions that an exporter reads."""

from __future__ import annotations

import io
import json
import random
import signal

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from tests.commands.exporter_process import configure, running, wait_until

START = 1_700_000_000
FIRST = 1_500


def line(position, shift=0.0):
    """Return a prediction, five a second."""
    chance = random.Random(position)
    record = {
        "timestamp": START + position / 5,
        "model_version": "3",
        "prediction": chance.choice("ab"),
        "features": {"age": round(chance.gauss(40, 8) + shift, 2), "plan": "gold"},
    }
    return json.dumps(record) + "\n"


@pytest.fixture
def config(tmp_path):
    """Return the path of a configuration that names a file that does not exist."""
    model = {"name": "bot", "paths": [str(tmp_path / "app.log")]}
    model["drift"] = {"reference": {"first": FIRST}, "min_samples": 100}
    return configure(tmp_path, models=[model])


def call(*arguments):
    """Return the exit code and what a command writes."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    return execute([*arguments], streams), streams.out.getvalue()


def expected(tmp_path, config):
    """Return what `reference build` makes of the first predictions."""
    (tmp_path / "all.log").write_text("".join(map(line, range(FIRST))))
    built = ("reference", "build", "--config.file", str(config), "--model", "bot", "--no-density")
    assert call(*built, "-o", str(tmp_path / "built.ref"), str(tmp_path / "all.log"))[0] == 0
    return read(tmp_path / "built.ref")


def scanned(config):
    """Return the drift of the age, and the label of the reference, as a scan shows them."""
    code, out = call("scan", "--config.file", str(config), "--format", "json")
    assert code == 0
    found = {}
    for row in map(json.loads, out.splitlines()):
        if row["labels"].get("feature", "age") in ("age", ""):
            found[row["name"]] = row["labels"].get("reference", row["value"])
    return found


def test_a_scan_compares_with_the_first_ones(tmp_path, config):
    """And writes nothing."""
    drifted = [line(position, 10.0) for position in range(FIRST, FIRST + 6_000)]
    (tmp_path / "app.log").write_text("".join([*map(line, range(FIRST)), *drifted]))
    found = scanned(config)
    assert found["model_drift_detected"] == 1.0
    assert found["model_reference_complete_ratio"] == 1.0
    assert found["model_info"] == expected(tmp_path, config).label
    assert not (tmp_path / "storage" / "bot.ref").exists()


def test_too_few_are_no_reference(tmp_path, config):
    """Nothing is evaluable, and the configuration is good nevertheless."""
    (tmp_path / "app.log").write_text("".join(map(line, range(FIRST - 1))))
    found = scanned(config)
    assert found["model_drift_evaluable"] == 0.0
    assert found["model_info"] == ""
    assert found["model_reference_complete_ratio"] == pytest.approx(1 - 1 / FIRST)
    code, out = call("check", "--config.file", str(config))
    assert code == 0
    assert f"drift: the first {FIRST} predictions will be the reference" in out


def test_after_kill_9_they_are_the_same_first_ones(tmp_path, config):
    """Killed after a third, again at the end, and then compared with as any other reference."""
    log = tmp_path / "app.log"
    log.write_text("".join(map(line, range(600))))
    complete = ("model_reference_complete_ratio", "bot")
    with running(config) as exporter:
        wait_until(lambda: exporter.scrape().get(complete) == 600 / FIRST)
        exporter.send(signal.SIGKILL)
    with log.open("a") as file:
        file.write("".join(map(line, range(600, FIRST + 100))))
    with running(config) as exporter:
        wait_until(lambda: exporter.scrape().get(complete) == 1.0)
        wait_until((tmp_path / "storage" / "bot.ref").exists)
        exporter.send(signal.SIGKILL)
    wanted = expected(tmp_path, config)
    assert read(tmp_path / "storage" / "bot.ref").digest == wanted.digest
    assert read(tmp_path / "storage" / "bot.ref").provenance.records == FIRST
    assert call("reference", "show", str(tmp_path / "storage" / "bot.ref"))[1].startswith(
        f"reference {wanted.label} of model bot version 3: {FIRST} predictions\n"
    )
    with running(config) as exporter:
        names = {key[0]: key for key in exporter.scrape()}
        assert "model_reference_complete_ratio" not in names
        assert wanted.label in names["model_info"]
        assert exporter.lines() == FIRST + 100
