"""A real exporter takes a new configuration, and loses nothing over it."""

from __future__ import annotations

import json
import os
import signal

import pytest
import requests

from tests.commands.exporter_process import ExporterProcess, configure, running, wait_until
from tests.tailing.following import append

LINE = '{"prediction": "a", "model_version": "1", "confidence": 0.5}\n'
OTHER = '{"prediction": "b", "model_version": "2", "latency_ms": 5}\n'


def reload(process: ExporterProcess) -> requests.Response:
    """Ask for a reload, and return the answer."""
    return requests.post(f"{process.url}/-/reload", timeout=20)


def bot(folder, **settings):
    """Return the section of the model that logs to app.log*."""
    return {"name": "bot", "paths": [str(folder / "app.log*")], **settings}


def test_counts_go_on_and_a_new_model_is_followed(tmp_path):
    """What was counted stays, and what is written meanwhile and later counts once."""
    append(tmp_path / "app.log", LINE * 3)
    append(tmp_path / "other.log", OTHER * 2)
    with running(configure(tmp_path)) as process:
        wait_until(lambda: process.lines() == 3)
        before = process.scrape()
        append(tmp_path / "app.log", LINE * 4)
        other = {"name": "other", "paths": [str(tmp_path / "other.log")]}
        configure(tmp_path, models=[bot(tmp_path), other])
        answer = reload(process)
        assert (answer.status_code, answer.text) == (200, "reloaded\n")
        append(tmp_path / "app.log", LINE * 2)
        wait_until(lambda: process.lines() == 9)
        wait_until(lambda: process.scrape().get(("modeltail_lines_total", "other")) == 2)
        seen = process.scrape()
        assert seen["model_predictions_total", "a", "bot", "1"] == 9
        assert seen["model_window_predictions", "bot", "1", "5m"] == 9
        assert seen["model_predictions_total", "b", "other", "2"] == 2
        assert seen["modeltail_config_last_reload_successful",] == 1
        name = ("modeltail_config_last_reload_success_timestamp_seconds",)
        assert seen[name] > before[name]
        assert seen["modeltail_checkpoint_failures_total",] == 0
        written = ("modeltail_checkpoint_written_bytes_total",)
        assert seen[written] >= before[written]
        assert process.send(signal.SIGTERM) == 0


def test_sighup_reloads(tmp_path):
    """As other exporters do; a removed model is no longer followed or exposed."""
    append(tmp_path / "app.log", LINE)
    other = {"name": "other", "paths": [str(tmp_path / "other.log")]}
    append(tmp_path / "other.log", OTHER)
    with running(configure(tmp_path, models=[bot(tmp_path), other])) as process:
        wait_until(lambda: process.lines() == 1)
        configure(tmp_path, models=[bot(tmp_path)])
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: ("modeltail_lines_total", "other") not in process.scrape())
        assert process.lines() == 1


def test_a_mistake_changes_nothing(tmp_path):
    """The answer and the log say what is wrong, the gauge that it is, until it is mended."""
    append(tmp_path / "app.log", LINE)
    config = configure(tmp_path)
    with running(config) as process:
        wait_until(lambda: process.lines() == 1)
        good = config.read_text()
        config.write_text('{"windows": ["5m"],\n "models": [{"name": "bot", "pahts": []}]}')
        answer = reload(process)
        assert answer.status_code == 500
        assert "modeltail.yml:2: models.0.p" in answer.text
        assert "the configuration is not reloaded" in process.log.read_text()
        hidden = requests.post(
            f"{process.url}/-/reload", headers={"X-Forwarded-For": "203.0.113.9"}, timeout=20
        )
        assert hidden.status_code == 500
        assert "pahts" not in hidden.text
        append(tmp_path / "app.log", LINE)
        wait_until(lambda: process.lines() == 2)
        assert process.scrape()["modeltail_config_last_reload_successful",] == 0
        config.write_text(good)
        assert reload(process).status_code == 200
        assert process.scrape()["modeltail_config_last_reload_successful",] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda folder: {"storage": {"path": str(folder / "elsewhere")}}, "storage.path is"),
        (
            lambda folder: {"models": [bot(folder, drift={"reference": str(folder / "no.ref")})]},
            "no.ref",
        ),
    ],
    ids=["storage", "reference"],
)
def test_what_can_not_be_used_is_refused(tmp_path, change, problem):
    """Another place for the state needs a restart; a reference has to be there."""
    append(tmp_path / "app.log", LINE)
    with running(configure(tmp_path)) as process:
        wait_until(lambda: process.lines() == 1)
        configure(tmp_path, **change(tmp_path))
        answer = reload(process)
        assert answer.status_code == 500
        assert problem in answer.text
        append(tmp_path / "app.log", LINE)
        wait_until(lambda: process.lines() == 2)


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "in memory"])
def test_monitors_keep_their_state_unless_it_no_longer_fits(tmp_path, stored):
    """Another limit changes a limit, another window the windows; counters go on through both."""
    storage = {"path": str(tmp_path / "storage")} if stored else {}
    append(tmp_path / "app.log", LINE * 3)
    with running(configure(tmp_path, storage=storage)) as process:
        wait_until(lambda: process.lines() == 3)
        models = [bot(tmp_path, thresholds={"min_confidence": 0.7})]
        configure(tmp_path, storage=storage, models=models)
        assert reload(process).status_code == 200
        seen = process.scrape()
        assert seen["model_threshold", "bot", "min_confidence"] == 0.7
        assert seen["model_confidence_mean", "bot", "1", "5m"] == 0.5
        configure(tmp_path, storage=storage, models=models, windows=["1h"])
        assert reload(process).status_code == 200
        append(tmp_path / "app.log", LINE)
        wait_until(lambda: process.lines() == 4)
        seen = process.scrape()
        assert seen["model_predictions_total", "a", "bot", "1"] == 4
        assert not [name for name in seen if "5m" in name]
        assert ("model_window_predictions", "bot", "1", "1h") in seen


def test_removed_files_and_streams_stay_open(tmp_path):
    """Half a line of a FIFO, and a file without a name, would be lost if opened anew."""
    fifo = tmp_path / "app.fifo"
    os.mkfifo(fifo)
    log = tmp_path / "app.log"
    append(log, LINE)
    both = configure(tmp_path, models=[bot(tmp_path, paths=[str(log), str(fifo)])])
    with running(both) as process, log.open("a") as still_written:
        with os.fdopen(os.open(fifo, os.O_WRONLY), "w") as writer:
            writer.write(LINE + LINE[:20])
            writer.flush()
            wait_until(lambda: process.lines() == 2)
            log.unlink()
            assert reload(process).status_code == 200
            writer.write(LINE[20:])
            writer.flush()
            still_written.write(LINE)
            still_written.flush()
            wait_until(lambda: process.lines() == 4)
            # Other files from now on, but the same FIFO.
            configure(tmp_path, models=[bot(tmp_path, paths=[str(fifo)])])
            writer.write(LINE[:30])
            writer.flush()
            assert reload(process).status_code == 200
            writer.write(LINE[30:])
            writer.flush()
            wait_until(lambda: process.lines() == 5)
        assert process.scrape()["modeltail_records_parsed_total", "bot"] == 5


def test_reloads_that_come_at_once(tmp_path):
    """Each has its turn, and all of them succeed."""
    append(tmp_path / "app.log", LINE)
    with running(configure(tmp_path)) as process:
        for _ in range(20):
            os.kill(process.pid, signal.SIGHUP)
        assert reload(process).status_code == 200
        append(tmp_path / "app.log", json.dumps({"prediction": "a"}) + "\n")
        wait_until(lambda: process.lines() == 2)
        assert process.send(signal.SIGTERM) == 0
