from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import free_port
from tests.faults.prometheus_process import PrometheusProcess

BEGIN = 1_760_000_400  # A whole minute, and the begin of one.
MINUTES = 60


def lines(begin: int, minutes: range) -> list[str]:
    """Return ten predictions a minute: all right in the first half hour, half of them later.

    None is in the first five seconds of its minute: a window is a ring of sub-windows of that
    length, and at a whole minute the oldest of them has just been left.
    """
    return [
        json.dumps(
            {
                "timestamp": begin + 60 * minute + 5 * i + 8,
                "model_version": "1",
                "prediction": "a",
                "true_label": "a" if minute < MINUTES // 2 or i % 2 else "b",
                "latency_ms": 20 if i else 400,
            }
        )
        for minute in minutes
        for i in range(10)
    ]


def backfill(folder: Path, *arguments: str, **sections: object) -> tuple[int, str]:
    """Run the command; return exit code and messages."""
    config = folder / "modeltail.yml"
    models = [{"name": "bot", "paths": [str(folder / "app.log*")]}]
    config.write_text(json.dumps({"models": models, "windows": ["5m"], **sections}))
    err = io.StringIO()
    command = ["backfill", f"--config.file={config}", "-o", str(folder / "out.om"), *arguments]
    return execute(command, Streams(io.StringIO(), err, io.BytesIO())), err.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that overlap in time, the newer one read first."""
    (tmp_path / "app.log").write_text("\n".join(lines(BEGIN, range(20, MINUTES))) + "\n")
    (tmp_path / "app.log.1").write_text("\n".join(lines(BEGIN, range(20))) + "\n")
    return tmp_path


def values(folder: Path, name: str, **labels: str) -> dict[float, float]:
    """Return the samples of the series with these labels by time."""
    found = {}
    for line in (folder / "out.om").read_text().splitlines():
        if line.startswith(f"{name}{{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
            _, value, timestamp = line.rsplit(" ", 2)
            found[float(timestamp)] = float(value)
    return found


def test_each_scrape_shows_what_was_logged_until_then(folder: Path):
    """Counters begin at 0 and grow by ten a minute, whatever the order of the files."""
    assert backfill(folder)[0] == 0
    counted = values(folder, "model_predictions_total", version="1")
    assert counted == {BEGIN + 60.0 * i: 10.0 * i for i in range(MINUTES + 1)}


def test_samples_are_in_the_order_of_the_format(folder: Path):
    """Each family comes once, in it each series once, and its samples in increasing time."""
    assert backfill(folder)[0] == 0
    text = (folder / "out.om").read_text().splitlines()
    families = [line for line in text if line.startswith("# TYPE")]
    assert len(set(families)) == len(families) > 20
    assert text[-1] == "# EOF"
    latest: dict[str, float] = {}
    for line in text:
        if not line.startswith("#"):
            series, _, timestamp = line.rsplit(" ", 2)
            assert float(timestamp) > latest.get(series, 0.0)
            latest[series] = float(timestamp)


def test_windows_end_at_their_scrape(folder: Path):
    """The accuracy of five minutes is that of these five minutes."""
    assert backfill(folder)[0] == 0
    accuracy = values(folder, "model_accuracy_ratio", version="1", window="5m")
    assert accuracy[BEGIN + 30 * 60] == 1
    assert accuracy[BEGIN + 40 * 60] == 0.5


def test_empty_window_is_absent(tmp_path: Path):
    """During a gap counters stay, and the rolling gauges have no samples."""
    text = [*lines(BEGIN, range(2)), *lines(BEGIN, range(30, 31))]
    (tmp_path / "app.log").write_text("\n".join(text) + "\n")
    assert backfill(tmp_path)[0] == 0
    assert values(tmp_path, "model_predictions_total", version="1")[BEGIN + 20 * 60] == 20
    assert BEGIN + 20 * 60 not in values(tmp_path, "model_accuracy_ratio", window="5m")


def test_syslog_is_backfilled(tmp_path: Path):
    """Messages of two files of syslog are counted in the minute they were logged in."""
    for host, minute in (("a", 0), ("b", 1)):
        (tmp_path / f"{host}.log").write_text(
            f"<13>1 2025-10-09T09:0{minute}:05Z {host} cron 1 - - hello\n"
        )
    source = {"name": "s", "paths": [str(tmp_path / "?.log")], "format": "rfc5424"}
    assert backfill(tmp_path, models=[], syslog=[source])[0] == 0
    first = values(tmp_path, "syslog_messages_total", host="a")
    later = values(tmp_path, "syslog_messages_total", host="b")
    assert list(first.values()) == [0, 1, 1]
    assert list(later.values()) == [0, 1]
    assert max(first) == max(later)


def test_real_prometheus_serves_what_the_log_says(folder: Path):
    """Blocks made by promtool answer PromQL as the log does."""
    assert backfill(folder, "--label=job=modeltail", "--label=instance=x:1")[0] == 0
    promtool = shutil.which("promtool")
    assert promtool is not None
    made = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", "out.om", "blocks"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    prometheus = PrometheusProcess(
        folder / "prometheus", f"127.0.0.1:{free_port()}", blocks=folder / "blocks"
    )
    try:
        prometheus.ready()
        end = BEGIN + MINUTES * 60.0

        def value(expression: str, at: float) -> float:
            (found,) = prometheus.query(expression, at)
            return float(found["value"][1])

        only = '{job="modeltail",instance="x:1",model="bot"}'
        assert value(f"sum(increase(model_predictions_total{only}[30m]))", end) == 300
        assert value(f"sum(model_labels_incorrect_total{only})", end) == 150
        assert value(f"max(model_accuracy_ratio{only})", BEGIN + 1800) == 1
        assert value(f"max(model_accuracy_ratio{only})", BEGIN + 2400) == 0.5
        p95 = "histogram_quantile(0.95, sum by (le) (increase(model_latency_seconds_bucket[30m])))"
        assert 0.25 < value(p95, end) <= 0.5
    finally:
        prometheus.close()


def test_file_is_never_overwritten_unasked(folder: Path):
    """A second run needs --force; nothing else is left in the folder."""
    before = {path.name for path in folder.iterdir()}
    (folder / "out.om").write_text("mine")
    code, err = backfill(folder)
    assert (code, (folder / "out.om").read_text()) == (2, "mine")
    assert "--force" in err
    assert backfill(folder, "--force")[0] == 0
    assert {path.name for path in folder.iterdir()} == before | {"out.om", "modeltail.yml"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--interval=0m"], "--interval"),
        (["--label=job"], "NAME=VALUE"),
        (["--label=model=x"], "has a label of this name"),
        (["--interval=1ms"], "choose a longer --interval"),
    ],
)
def test_bad_usage_writes_nothing(folder: Path, arguments: list[str], says: str):
    """What can't be done is told, and leaves no file."""
    code, err = backfill(folder, *arguments)
    assert code == 2
    assert says in err
    assert not (folder / "out.om").exists()
