"""`kill -9` at random points while a writer writes and rotates: every line counts once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import requests

from tests.commands.exporter_process import ExporterProcess, configure, free_port, wait_until

KILLS = int(os.environ.get("MODELTAIL_KILLS", "8"))
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))

OF_THE_PROCESS = (
    "modeltail_checkpoint_",
    "modeltail_monitor_errors_",
    "modeltail_series_refused_",
    "process_",
)
"""Counters that begin at 0 with each process."""


class Observer:
    """Scrapes all the time, as Prometheus would, and remembers each counter that fell."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], float] = {}
        self.fell: list[tuple[tuple[str, ...], float, float]] = []
        self.scrapes = 0

    def scrape(self, exporter: ExporterProcess) -> None:
        """Scrape once, if the exporter is there to answer."""
        try:
            shown = exporter.scrape()
        except requests.RequestException:
            return
        self.scrapes += 1
        for series, value in shown.items():
            name = series[0]
            if not name.endswith(("_total", "_bucket", "_count")):
                continue
            if name.startswith(OF_THE_PROCESS):
                continue
            before = self._seen.get(series, 0.0)
            if value < before and value != 0:
                self.fell.append((series, before, value))
            self._seen[series] = value


def truth(folder: Path) -> Counter[tuple[str, str]]:
    """Count the records of all files by class and version."""
    return Counter(
        (record["prediction"], record["model_version"])
        for path in folder.glob("app.log*")
        for record in map(json.loads, path.read_text().splitlines())
    )


def live(exporter: ExporterProcess, observer: Observer, seconds: float) -> None:
    """Scrape for so long, then kill the exporter."""
    done = threading.Event()
    timer = threading.Timer(seconds, done.set)
    timer.start()
    while not done.wait(0.03):
        observer.scrape(exporter)
    timer.join()
    assert exporter.send(signal.SIGKILL) == -signal.SIGKILL, exporter.log.read_text()
    exporter.close()


def test_killed_at_random_points_every_line_counts_once(tmp_path):
    """And no counter is ever seen to fall: what is shown was committed before."""
    chance = random.Random(SEED)
    config = configure(tmp_path, rotate_wait="1s")
    observer = Observer()
    writer = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("writer.py")), str(tmp_path), str(SEED)],
        stdin=subprocess.PIPE,
    )
    for kill in range(KILLS):
        exporter = ExporterProcess(config, free_port())
        # One in four dies while it starts, or with its first commit.
        if kill % 4:
            exporter.ready()
        live(exporter, observer, chance.uniform(0.0, 1.3))
    writer.communicate(timeout=10)
    assert writer.returncode == 0
    written = truth(tmp_path)
    exporter = ExporterProcess(config, free_port()).ready()
    try:
        wait_until(lambda: exporter.lines() >= written.total())
        observer.scrape(exporter)
        seen = exporter.scrape()
    finally:
        code = exporter.send(signal.SIGTERM)
        exporter.close()
    assert code == 0
    counted = {
        (labels[0], labels[2]): value
        for (name, *labels), value in seen.items()
        if name == "model_predictions_total" and value
    }
    assert counted == dict(written)
    assert seen["modeltail_lines_total", "bot"] == written.total()
    assert seen["modeltail_records_parsed_total", "bot"] == written.total()
    confident = sum(n for (predicted, _), n in written.items() if predicted != "late")
    histogram = [v for series, v in seen.items() if series[0] == "model_confidence_count"]
    assert sum(histogram) == confident
    assert observer.fell == []
    assert observer.scrapes > 0
