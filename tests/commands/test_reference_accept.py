"""Accepting drift: a new reference in the place of the old one, which is kept."""

from __future__ import annotations

import io
import json
import random
import re
import signal

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from tests.commands.exporter_process import configure, running, wait_until

CONFIGURATION = """
models:
  - name: bot
    paths: [bot.jsonl]
    drift: {reference: bot.ref}
  - {name: other, paths: [other.jsonl]}
"""
START = 1_700_000_000


def line(position, shift=0, **fields):
    """Return a prediction, one a second."""
    chance = random.Random(position)
    record = {
        "timestamp": START + position,
        "model_version": "3",
        "prediction": chance.choice("ab"),
        "features": {"age": chance.randrange(50) + shift, "plan": "tin" if shift else "gold"},
    }
    return json.dumps(record | fields)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs `modeltail` where a model has drifted half way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modeltail.yml").write_text(CONFIGURATION)
    lines = [line(position, 20 if position >= 500 else 0) for position in range(1000)]
    (tmp_path / "bot.jsonl").write_text("\n".join(lines) + "\n")

    def call(*arguments):
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
        code = execute([*arguments], streams)
        return code, streams.out.getvalue(), streams.err.getvalue()

    given = ("--config.file", "modeltail.yml", "--model", "bot")
    build = ("reference", "build", *given, "-o", "bot.ref", "--first", "500", "bot.jsonl")
    assert call(*build)[0] == 0
    return lambda *arguments: call("reference", "accept", *given, *arguments)


def scanned(tmp_path):
    """Return the label of the reference that a start shows."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    execute(["scan", "--config.file", "modeltail.yml", "--format", "json"], streams)
    rows = map(json.loads, streams.out.getvalue().splitlines())
    info = next(
        row for row in rows if row["name"] == "model_info" and row["labels"]["model"] == "bot"
    )
    return info["labels"]["reference"]


def test_recent_predictions_are_the_new_reference(run, tmp_path):
    """What changed is told, the old one is kept, and a start counts against the new one."""
    old = read(tmp_path / "bot.ref")
    assert scanned(tmp_path) == old.label
    code, out, err = run("--last", "500")
    assert (code, err) == (0, "")
    new = read(tmp_path / "bot.ref")
    assert new.provenance.records == 500
    assert new.provenance.first_timestamp == START + 500
    assert "age: KS distance 0.4" in out
    assert re.search(r"mean 2\d\.\d+ to 4\d\.\d+, sd 14\.\d+ to 14\.\d+\n", out)
    assert "plan: 100.0% of the records are in another category, new: tin" in out
    assert f"{new.label} is in the place of {old.label}" in out
    assert read(tmp_path / f"bot.ref.{old.label}").digest == old.digest
    assert scanned(tmp_path) == new.label


def test_it_can_be_undone(run, tmp_path):
    """By naming the reference that was kept."""
    old = read(tmp_path / "bot.ref")
    assert run("--last", "500")[0] == 0
    new = read(tmp_path / "bot.ref")
    assert run("--from", f"bot.ref.{old.label}")[0] == 0
    assert read(tmp_path / "bot.ref").digest == old.digest
    assert read(tmp_path / f"bot.ref.{new.label}").digest == new.digest


@pytest.mark.parametrize(
    ("arguments", "first", "records"),
    [
        ((), 0, 1000),
        (("--since", "2023-11-14T22:21:40Z"), 500, 500),
        (("--since", "2023-11-14T22:21:40Z", "--first", "200"), 500, 200),
        (("--until", "2023-11-14T22:21:40+00:00", "--last", "120"), 380, 120),
    ],
)
def test_a_part_can_be_chosen(run, tmp_path, arguments, first, records):
    """By time, and by number; without that, the last 10,000 predictions."""
    assert run(*arguments)[0] == 0
    made = read(tmp_path / "bot.ref").provenance
    assert (made.records, made.first_timestamp) == (records, START + first)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--last", "99"), "99 predictions are too few for a reference (at least 100)"),
        (("--first", "500"), "is the reference already"),
    ],
)
def test_nothing_is_replaced_for_nothing(run, tmp_path, arguments, message):
    """The exit code says so."""
    before = (tmp_path / "bot.ref").read_bytes()
    code, _, err = run(*arguments)
    assert code == 1
    assert message in err
    assert (tmp_path / "bot.ref").read_bytes() == before
    assert [*tmp_path.glob("bot.ref.*")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "other"), "model 'other' has no drift.reference to replace"),
        (("--from", "bot.ref", "bot.jsonl"), "--from takes no files"),
        (("--from", "none.ref"), "none.ref: can't read the reference"),
        (("--since", "2030-01-01"), "no prediction of model 'bot' found"),
    ],
)
def test_mistakes_end_with_2_and_a_message(run, arguments, message):
    """On standard error."""
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "'yesterday' is no time such as 2026-03-01"),
        (("--last", "0"), "'0' is no number of records"),
        (("--last", "5", "--first", "5"), "not allowed with argument"),
    ],
)
def test_bad_usage_is_refused(run, capsys, arguments, message):
    """As everywhere on the command line."""
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_columns_that_come_and_go_are_told(run, tmp_path):
    """And those whose kind has changed."""
    features = {"plan": 5, "weight": 2.5}
    lines = [line(position, features=features) for position in range(300)]
    (tmp_path / "new.jsonl").write_text("\n".join(lines))
    code, out, _ = run("new.jsonl")
    assert code == 0
    assert "\nage: is gone\n" in out
    assert "\nplan: was categorical, is numeric\n" in out
    assert "\nweight: is new\n" in out


def of_reference(exporter):
    """Return the names of the series of each reference, and how many predictions were counted."""
    text = requests.get(f"{exporter.url}/metrics", timeout=5).text
    found = {}
    counted = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if "reference" in sample.labels:
                found.setdefault(sample.labels["reference"], set()).add(sample.name)
            if sample.name == "model_feature_value_count":
                counted = max(counted, sample.value)
    return found, counted


def test_an_exporter_takes_it_at_its_next_start(run, tmp_path):
    """Until then it goes on with the old one; what it counts against either is apart."""
    model = {"name": "bot", "paths": [str(tmp_path / "bot.jsonl")]}
    model["drift"] = {"reference": str(tmp_path / "bot.ref"), "fleet": True}
    config = configure(tmp_path, models=[model])
    old = read(tmp_path / "bot.ref").label
    with running(config) as exporter:
        wait_until(lambda: exporter.lines() == 1000)
        wait_until(lambda: of_reference(exporter)[1] == 1000)
        before = of_reference(exporter)[0]
        code, out, _ = run("--last", "500", "--config.file", str(config))
        assert code == 0
        assert "reload the exporter (SIGHUP): model_info then shows it" in out
        assert of_reference(exporter)[0] == before
        exporter.send(signal.SIGTERM)
    new = read(tmp_path / "bot.ref").label
    assert list(before) == [old]
    assert {"model_info", "model_feature_value_count"} <= before[old]
    with running(config) as exporter:
        with (tmp_path / "bot.jsonl").open("a") as log:
            log.write("".join(line(1000 + n, 20) + "\n" for n in range(7)))
        wait_until(lambda: exporter.lines() == 1007)
        wait_until(lambda: of_reference(exporter)[1] == 7)
        assert of_reference(exporter)[0] == {new: before[old]}
