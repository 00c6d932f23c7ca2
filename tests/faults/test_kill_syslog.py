"""`kill -9` while syslog is learned: the same alarms as of one reader that never stopped."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exporter.event_time import EventTime
from exporter.markov.scored import Kind
from exporter.monitors.syslog_alarms import SyslogAlarms
from exporter.monitors.syslog_sources import AlarmSettings
from exporter.parsing.syslog_lines import syslog_parser
from exporter.windows import Window
from tests.commands.exporter_process import configure
from tests.faults.lives import Lives

KILLS = max(2, int(os.environ.get("MODELTAIL_KILLS", "8")) // 4)
SEED = int(os.environ.get("MODELTAIL_SEED", "20261123"))
ROUND = 1500
ALPHA = 0.01
START = 1_700_000_000
WORDS = ("connection opened", "user logged in", "query done", "connection closed")

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120 + 20 * KILLS)]


def lines(chance: random.Random, count: int) -> list[str]:
    """Return sessions of two hosts, some lines of which are missing, odd or many."""
    found = []
    for number in range(count):
        word = WORDS[number // 2 % 4]
        if chance.random() < 0.004:
            word = chance.choice(["segfault in libc", "disk full", WORDS[number // 2 % 4]])
        elif chance.random() < 0.004:
            continue
        time = np.datetime64(START + number // 3, "s")
        found.append(f"{time}Z h{number % 2} app[{number // 8}]: {word}\n")
    return found


def written(path: Path, log: list[str]) -> Iterator[None]:
    """Write lines, a hundred at a time."""
    for begin in range(0, len(log), 100):
        with path.open("a") as file:
            file.writelines(log[begin : begin + 100])
        yield


def expected(log: list[str]) -> dict[tuple[str, ...], float]:
    """Return what one monitor shows that reads all of it."""
    monitor = SyslogAlarms((Window("5m", 300.0),), {"hosts": AlarmSettings(ALPHA)})
    event_time = EventTime((Window("5m", 300.0),), replay=True)
    parsed = syslog_parser("hosts", timezone="UTC").parse([one.strip().encode() for one in log], 0)
    monitor.update(event_time.place(replace(parsed.batch, received=2e9)))
    view = monitor.snapshot()
    shown: dict[tuple[str, ...], float] = {}
    for row, host in view.hosts.items():
        shown["syslog_scored_messages_total", host] = int(view.scored[row])
        for kind in Kind:
            alarms = int(view.alarms[row, kind])
            shown["syslog_anomalies_total", host, kind.name.lower()] = alarms
    return shown


def test_alarms_are_those_of_one_reader(tmp_path: Path) -> None:
    """Wherever it died: between hosts, in the middle of an epoch, before a commit."""
    chance = random.Random(SEED)
    log = lines(chance, KILLS * ROUND)
    source = {"name": "hosts", "paths": [str(tmp_path / "syslog")], "alpha": ALPHA}
    config = configure(
        tmp_path, models=[], syslog=[source | {"timezone": "UTC"}], publish_interval="100ms"
    )
    lives = Lives(config, chance)
    for number in range(KILLS):
        part = log[number * len(log) // KILLS : (number + 1) * len(log) // KILLS]
        lives.live(written(tmp_path / "syslog", part))
    truth = expected(log)
    assert sum(value for (name, *_), value in truth.items() if "anomalies" in name) > 0
    lives.shows_in_the_end("hosts", len(log), truth)
