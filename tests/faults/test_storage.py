"""Storage that fails under a real exporter: it goes on, says so, and recovers."""

from __future__ import annotations

import random
import signal

import pytest

from tests.commands.exporter_process import ExporterProcess, configure, running, wait_until
from tests.storage.disks import read_only
from tests.tailing.following import append

LINE = '{"prediction": "a", "model_version": "1", "confidence": 0.5}\n'


def count(exporter: ExporterProcess) -> float:
    """Return the predictions that are shown."""
    return exporter.scrape().get(("model_predictions_total", "a", "bot", "1"), 0.0)


def failures(exporter: ExporterProcess) -> float:
    """Return the failures that are shown."""
    return exporter.scrape()["modeltail_checkpoint_failures_total",]


def stored_at(exporter: ExporterProcess) -> float:
    """Return the time of the last checkpoint, 0 if there was none."""
    return exporter.scrape().get(("modeltail_checkpoint_timestamp_seconds",), 0.0)


def test_a_read_only_file_system(tmp_path):
    """A start on it goes on from what is stored; what it reads is kept when it ends in time."""
    config = configure(tmp_path)
    append(tmp_path / "app.log", LINE * 5)
    with running(config) as exporter:
        wait_until(lambda: count(exporter) == 5)
        assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
    with read_only(tmp_path / "storage"):
        append(tmp_path / "app.log", LINE)
        with running(config) as exporter:
            wait_until(lambda: count(exporter) == 6)
            assert failures(exporter) == 1
            assert stored_at(exporter) == 0
            assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
        append(tmp_path / "app.log", LINE)
        with running(config) as exporter:
            wait_until(lambda: count(exporter) == 7)
            assert exporter.send(signal.SIGTERM) == 0
    with running(config) as exporter:
        wait_until(lambda: count(exporter) == 7)
        assert exporter.send(signal.SIGTERM) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_database(tmp_path, seed):
    """Whatever bytes are damaged: it starts, counts all lines or says that it began anew."""
    chance = random.Random(seed)
    config = configure(tmp_path)
    append(tmp_path / "app.log", LINE * 5)
    with running(config) as exporter:
        wait_until(lambda: count(exporter) == 5)
        assert exporter.send(signal.SIGTERM) == 0
    database = tmp_path / "storage" / "modeltail.db"
    content = bytearray(database.read_bytes())
    for _ in range(4):
        place = chance.randrange(len(content))
        content[place] ^= 1 << chance.randrange(8)
    database.write_bytes(content)
    append(tmp_path / "app.log", LINE)
    with running(config) as exporter:
        # Without what was counted before only if it is said; the copy knows how far it had read.
        wait_until(lambda: count(exporter) in (1, 6))
        assert (count(exporter), failures(exporter)) in ((1, 1), (6, 0), (6, 1))
        assert exporter.send(signal.SIGTERM) == 0
