"""Reloads one after the other while a service writes and rotates: every line counts once."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest
import requests

from tests.commands.exporter_process import configure, running, wait_until
from tests.faults.logging_service import LoggingService, differences
from tests.faults.observer import Observer
from tests.faults.test_kill import compare, live

RELOADS = int(os.environ.get("MODELTAIL_RELOADS", "25"))
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(60 + 5 * RELOADS)]


def another(folder: Path, chance: random.Random, number: int) -> bool:
    """Write another configuration; return whether it is a good one."""
    model = {"name": "bot", "paths": [str(folder / "app.log*")]}
    if number % 5 == 4:
        configure(folder, models=[{**model, "task": "guessing"}])
        return False
    settings = {
        # With another one of these the files are closed, and found again.
        "rotate_wait": chance.choice(["1s", "2s"]),
        "windows": [chance.choice(["5m", "1h"])],
        "publish_interval": "200ms",
    }
    model["thresholds"] = {"min_confidence": chance.random()}
    configure(folder, models=[model], **settings)
    return True


def test_no_line_is_lost_or_counted_twice(tmp_path):
    """Whatever is reloaded, and whether it is the same files or they are opened anew."""
    chance = random.Random(SEED)
    service = LoggingService(tmp_path, ("rename", "copytruncate"), SEED)
    observer = Observer()
    another(tmp_path, chance, 0)
    try:
        service.tell("go")
        with running(tmp_path / "modeltail.yml") as exporter:
            for number in range(RELOADS):
                live(exporter, observer, chance.uniform(0.0, 0.4))
                good = another(tmp_path, chance, number)
                answer = requests.post(f"{exporter.url}/-/reload", timeout=20)
                assert (answer.status_code == 200) == good, answer.text
            truth = service.end()
            compare(exporter, observer, truth)
            # What rotation holds back is counted by then too.
            live(exporter, observer, 6.0)
            wait_until(lambda: exporter.lines() >= truth.lines)
            assert differences(truth, observer.scrape(exporter)) == {}
            assert truth.rotations.keys() >= {"rename", "copytruncate"}
            assert exporter.send(signal.SIGTERM) == 0
        assert observer.fell == []
        assert observer.unbalanced == []
        assert "Traceback" not in exporter.log.read_text()
    finally:
        service.close()
