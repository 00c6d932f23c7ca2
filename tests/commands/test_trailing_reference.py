"""A reference that moves on, from the log to the metrics."""

from __future__ import annotations

import io
import json
import random
import signal
import time

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import configure, running, wait_until

HOUR = 3600
SAMPLES = "model_drift_reference_effective_samples"


def lines(end, hours, every=4, slope=0.0, step_at=None):
    """Return predictions of so many hours before `end`, whose ages move."""
    chance = random.Random(7)
    found = []
    for position in range(hours * HOUR // every):
        at = end - hours * HOUR + position * every
        shift = slope * position * every / HOUR
        shift += 0.0 if step_at is None or at < step_at else 1.0
        record = {
            "timestamp": at,
            "model_version": "3",
            "prediction": chance.choice("ab"),
            "features": {"age": round(chance.gauss(40 + 8 * shift, 8), 2), "plan": "gold"},
        }
        found.append(json.dumps(record) + "\n")
    return found


@pytest.fixture
def config(tmp_path):
    """Return a configuration with windows of ten minutes and a period of two hours."""
    model = {"name": "bot", "paths": [str(tmp_path / "app.log")]}
    reference = {"first": 500, "trailing": "2h", "delay": "30m"}
    model["drift"] = {"reference": reference, "min_samples": 100}
    return configure(tmp_path, models=[model], windows=["10m"])


def call(*arguments):
    """Return the exit code and what a command writes."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    return execute([*arguments], streams), streams.out.getvalue()


def scanned(config):
    """Return what a scan shows of the age."""
    code, out = call("scan", "--config.file", str(config), "--format", "json")
    assert code == 0
    rows = map(json.loads, out.splitlines())
    return {row["name"]: row["value"] for row in rows if row["labels"].get("feature") == "age"}


def test_a_scan_finds_a_step_but_no_slope(tmp_path, config):
    """A slope of .02 standard deviations an hour has moved values by .4; a step ends in drift."""
    end = 1_700_000_000
    (tmp_path / "app.log").write_text("".join(lines(end, 20, slope=0.02)))
    slow = scanned(config)
    assert slow["model_drift_detected"] == 0.0
    (tmp_path / "app.log").write_text("".join(lines(end, 20, step_at=end - 1500)))
    sudden = scanned(config)
    assert sudden["model_drift_detected"] == 1.0
    assert sudden[SAMPLES] == pytest.approx(1800, rel=0.06)
    assert "model_drift_evidence_log10" not in sudden
    assert not (tmp_path / "storage").exists()


def test_a_scan_of_less_than_the_period_finds_nothing(tmp_path, config):
    """And `check` has said so."""
    (tmp_path / "app.log").write_text("".join(lines(1_700_000_000, 2)))
    found = scanned(config)
    assert found["model_drift_evaluable"] == 0.0
    assert "model_drift_detected" not in found
    code, out = call("check", "--config.file", str(config))
    assert code == 0
    assert "drift: the first 500 predictions will fix the bins of the reference, kept in" in out
    assert "drift: windows are compared with 2 hours that ended 0.5 hours ago" in out


def test_after_kill_9_the_period_is_still_there(tmp_path, config):
    """Without a line that was read again, and with the bins of the file."""
    log = tmp_path / "app.log"
    log.write_text("".join(lines(time.time(), 4)))
    shown = (SAMPLES, "age", "bot", "3", "10m")
    with running(config) as exporter:
        wait_until(lambda: exporter.scrape().get(shown, 0.0) > 0)
        wait_until((tmp_path / "storage" / "bot.ref").exists)
        wait_until(lambda: exporter.lines() == 4 * 900)
        before = exporter.scrape()
        exporter.send(signal.SIGKILL)
    with running(config) as exporter:
        after = exporter.scrape()
    assert after[shown] == pytest.approx(before[shown], rel=0.05)
    assert after[shown] == pytest.approx(1800, rel=0.06)
    assert after[("modeltail_lines_total", "bot")] == 4 * 900
