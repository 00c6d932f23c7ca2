"""References by hour or day on the command line, and what a scan makes of them."""

from __future__ import annotations

import io
import json
import random
from datetime import UTC, datetime

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from exporter.drift.seasonal.season import Season

CONFIGURATION = """
windows: [3h]
models:
  - name: bot
    paths: [bot.jsonl]
    drift: {reference: bot.ref, min_samples: 100}
"""
MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
HOUR, DAYS = 3600.0, 28
BUILD = ("reference", "build", "--config.file", "modeltail.yml", "--model", "bot", "-o", "bot.ref")


def line(position, per_hour=30, shift=0.0):
    """Return a prediction, so many an hour; by night they are of others than by day."""
    chance = random.Random(position)
    time = MONDAY + position * HOUR / per_hour
    by_day = 8 <= time % 86_400 / HOUR < 20
    age = round(chance.gauss(40 if by_day else 20, 4) + shift, 2)
    record = {"timestamp": time, "prediction": chance.choice("ab"), "features": {"age": age}}
    return json.dumps(record)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs `modeltail` beside four weeks of predictions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modeltail.yml").write_text(CONFIGURATION)
    past = [line(position) for position in range(DAYS * 24 * 30)]
    (tmp_path / "past.jsonl").write_text("\n".join(past) + "\n")

    def call(*arguments):
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
        code = execute([*arguments], streams)
        return code, streams.out.getvalue(), streams.err.getvalue()

    return call


def scan(run, tmp_path, shift):
    """Return whether the age is told to have drifted in a night of another week."""
    first = (DAYS + 1) * 24 * 100
    night = [line(position, 100, shift) for position in range(first, first + 700)]
    (tmp_path / "bot.jsonl").write_text("\n".join(night) + "\n")
    code, out, _ = run("scan", "--config.file", "modeltail.yml", "--format", "json")
    assert code == 0
    return {
        row["name"]: row["value"]
        for row in map(json.loads, out.splitlines())
        if row["name"].startswith("model_drift") and row["labels"].get("feature") == "age"
    }


def test_a_night_is_scanned_against_nights(run, tmp_path):
    """It has not drifted; one that has is found."""
    code, out, err = run(*BUILD, "--seasonal", "hour_of_day", "past.jsonl")
    assert (code, err) == (0, "")
    assert "by hour_of_day in UTC: 24 of 24 cells seen, 24 with at least 200 predictions\n" in out
    for shift, detected in ((0.0, 0.0), (3.0, 1.0)):
        found = scan(run, tmp_path, shift)
        assert found["model_drift_detected"] == detected
        assert found["model_drift_season_ratio"] == 1.0
        # Of three hours of the night, with 840 values each.
        assert 800 < found["model_drift_reference_effective_samples"] < 3 * 841


def test_all_times_alike_are_compared_as_before(run, tmp_path):
    """By the autocorrelation time of days and nights there is too little of either."""
    assert run(*BUILD, "past.jsonl")[0] == 0
    assert read(tmp_path / "bot.ref").seasonal is None
    assert "model_drift_detected" not in scan(run, tmp_path, 0.0)


def test_hours_are_of_the_zone_that_is_asked_for(run, tmp_path):
    """And `show` tells of them, for programs too; few weeks are remarked on."""
    code, _, err = run(
        *BUILD, "--seasonal", "hour_of_week", "--timezone", "Asia/Tokyo",
        "--until", "2026-03-04", "past.jsonl",
    )  # fmt: skip
    assert code == 0
    assert "note: the records span 0.3 cycles of hour_of_week: what is the season" in err
    assert read(tmp_path / "bot.ref").seasonal.season == Season("hour_of_week", "Asia/Tokyo")
    told = json.loads(run("reference", "show", "bot.ref", "--format", "json")[1])["seasonal"]
    assert (told["cycle"], told["timezone"]) == ("hour_of_week", "Asia/Tokyo")
    # Monday at 0 in London is Monday at 9 in Tokyo.
    assert [hour for hour, n in enumerate(told["predictions"]) if n] == list(range(9, 57))
    assert sum(told["columns"]["age"]["values"]) == 2 * 24 * 30


def test_what_is_accepted_has_the_seasons_of_the_old_one(run, tmp_path):
    """Unless others are asked for."""
    assert (
        run(*BUILD, "--seasonal", "hour_of_day", "--timezone", "Asia/Tokyo", "past.jsonl")[0] == 0
    )
    accept = ("reference", "accept", "--config.file", "modeltail.yml", "--model", "bot")
    assert run(*accept, "--last", "5000", "past.jsonl")[0] == 0
    assert read(tmp_path / "bot.ref").seasonal.season == Season("hour_of_day", "Asia/Tokyo")
    assert run(*accept, "--last", "6000", "--seasonal", "day_of_week", "past.jsonl")[0] == 0
    assert read(tmp_path / "bot.ref").seasonal.season == Season("day_of_week", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--timezone", "UTC"), "--timezone is of no use without --seasonal"),
        (("--seasonal", "hour_of_day", "--timezone", "Mars"), "'Mars' is no time zone"),
        (("--seasonal", "hour_of_day"), "--seasonal needs records with a timestamp"),
    ],
)
def test_what_makes_no_sense_is_told(run, tmp_path, capsys, options, message):
    """With exit code 2, and nothing written."""
    (tmp_path / "timeless.jsonl").write_text('{"prediction": "a"}\n' * 200)
    try:
        code, _, err = run(*BUILD, *options, "timeless.jsonl")
    except SystemExit as leaving:
        code, err = leaving.code, capsys.readouterr().err
    assert code == 2
    assert message in err
    assert not (tmp_path / "bot.ref").exists()
