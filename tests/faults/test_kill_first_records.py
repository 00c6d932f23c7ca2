"""`kill -9` while the first predictions become the reference: it is the same one every time."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.drift.profile import Profile
from exporter.drift.reference import digest
from exporter.drift.reference_file import read
from exporter.parsing.json_lines import JsonLines
from tests.commands.exporter_process import configure
from tests.faults.lives import Lives

KILLS = max(4, int(os.environ.get("MODELTAIL_KILLS", "8")) // 2)
SEED = int(os.environ.get("MODELTAIL_SEED", "20261123"))
ROUND = 400
START = 1_700_000_000

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120 + 20 * KILLS)]


def predictions(chance: random.Random, count: int) -> list[str]:
    """Return predictions of two versions, some of which lack a feature."""
    found = []
    for number in range(count):
        record = {
            "timestamp": START + number,
            "model_version": chance.choice(["1", "1", "2"]),
            "prediction": chance.choice("ab"),
            "features": {"age": round(chance.gauss(40, 8), 2), "plan": chance.choice("xyz")},
        }
        if chance.random() < 0.1:
            del record["features"][chance.choice(["age", "plan"])]
        found.append(json.dumps(record) + "\n")
    return found


def written(path: Path, log: list[str]) -> Iterator[None]:
    """Write lines, fifty at a time."""
    for begin in range(0, len(log), 50):
        with path.open("a") as file:
            file.writelines(log[begin : begin + 50])
        yield


def test_the_reference_is_that_of_one_reader(tmp_path: Path) -> None:
    """And each prediction beyond it is counted once, wherever the process died."""
    chance = random.Random(SEED)
    log = predictions(chance, KILLS * ROUND)
    # It is complete in the second half of a round, which is when the process may die.
    mine = [number for number, line in enumerate(log) if json.loads(line)["model_version"] == "1"]
    number = sum(position < (KILLS // 2 + 0.9) * ROUND for position in mine)
    source = {"name": "bot", "paths": [str(tmp_path / "app.log")]}
    config = configure(
        tmp_path,
        models=[source | {"drift": {"reference": {"first": number}}}],
        publish_interval="100ms",
    )
    lives = Lives(config, chance)
    for life in range(KILLS):
        lives.live(written(tmp_path / "app.log", log[life * ROUND : (life + 1) * ROUND]))
    last = mine[number - 1]
    profile = Profile()
    first = [log[position].encode() for position in mine[:number]]
    profile.add(JsonLines("auto", features=None).parse(first, 0.0).batch)
    reference = digest(profile.columns())
    truth = {("model_info", "bot", reference[:8], "auto"): 1.0}
    # Of the other version it depends on the batches from which one on it is counted.
    rest = [json.loads(line) for line in log[last + 1 :]]
    for name in ("age", "plan"):
        missing = [name not in one["features"] for one in rest if one["model_version"] == "1"]
        truth["model_feature_missing_total", name, "bot", "1"] = float(sum(missing))
    lives.shows_in_the_end("bot", len(log), truth)
    assert read(tmp_path / "storage" / "bot.ref").digest == reference
