"""`kill -9` while predictions and their ground truth come in any order: each pair counts once."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.exporter_process import configure
from tests.faults.lives import Lives

KILLS = max(2, int(os.environ.get("MODELTAIL_KILLS", "8")) // 4)
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))
ROUND = 400

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120 + 20 * KILLS)]


def events(chance: random.Random, first: int, number: int) -> list[tuple[str, str]]:
    """Return (file, line) of predictions and of ground truth, which may come first, or twice."""
    placed = []
    for request in range(first, first + number):
        prediction = {"request_id": f"r{request}", "prediction": "ab"[request % 2]}
        prediction |= {"confidence": 0.75, "model_version": str(request % 2)}
        label = {"request_id": f"r{request}", "true_label": "ab"[request % 3 % 2]}
        times = 2 if request % 10 == 0 else 1
        placed.append((chance.random(), "app.log", json.dumps(prediction)))
        placed += [(chance.random(), "labels.log", json.dumps(label)) for _ in range(times)]
    return [(name, line) for _, name, line in sorted(placed)]


def truth(number: int) -> dict[tuple[str, ...], float]:
    """Return what is to be shown once all of them were read."""
    wrong = [r for r in range(number) if r % 2 != r % 3 % 2]
    shown: dict[tuple[str, ...], float] = {
        ("model_labels_matched_total", "bot"): number,
        ("model_labels_duplicate_total", "bot"): sum(1 for r in range(number) if r % 10 == 0),
        ("model_labels_orphan_total", "bot"): 0,
        ("model_labels_expired_total", "bot"): 0,
        ("model_labels_pending", "bot"): 0,
    }
    for version in "01":
        mine = range(int(version), number, 2)
        shown["model_labels_total", "bot", version] = len(mine)
        missed = sum(1 for r in wrong if r % 2 == int(version))
        shown["model_labels_incorrect_total", "bot", version] = missed
    return shown


class Logs:
    """Writes events to files, and renames these now and then."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._rotations = 0

    def write(self, placed: list[tuple[str, str]]) -> Iterator[None]:
        """Write some, and pause."""
        for position, (name, line) in enumerate(placed):
            path = self._folder / name
            with path.open("a") as file:
                file.write(f"{line}\n")
            if self._chance.random() < 0.005:
                self._rotations += 1
                path.rename(path.with_name(f"{name}.{self._rotations}"))
            if position % 20 == 0:
                yield


def test_every_pair_counts_once(tmp_path: Path) -> None:
    """Whatever was pending, matched or committed when the exporter died."""
    chance = random.Random(SEED)
    paths = [str(tmp_path / "app.log*"), str(tmp_path / "labels.log*")]
    config = configure(tmp_path, models=[{"name": "bot", "paths": paths}], publish_interval="100ms")
    lives, logs = Lives(config, chance), Logs(tmp_path, chance)
    for number in range(KILLS):
        lives.live(logs.write(events(chance, number * ROUND, ROUND)))
    number = KILLS * ROUND
    # Each prediction is a line, each ground truth another.
    lives.shows_in_the_end("bot", 2 * number + number // 10, truth(number))
