from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).parents[2]


def start(directory, path, *arguments):
    """Start the demo with this PATH and return its process."""
    return subprocess.Popen(
        [sys.executable, "-m", "demo", "--directory", directory / "runs", *arguments],
        cwd=PROJECT,
        env={**os.environ, "PATH": str(path), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.end_to_end
def test_without_the_servers_it_says_what_is_missing_and_is_incomplete(tmp_path):
    """The exporter, the model and the syslog still run; the exit code tells it from success."""
    demo = start(tmp_path, tmp_path, "--once", "--deadline", "1")
    output, _ = demo.communicate(timeout=90)
    assert demo.returncode == 3, output
    assert output.startswith("Prometheus and Alertmanager can't be found on PATH")
    assert "docker compose up" in output
    assert "no problem found" in output
    assert "missing    model alert to slack" in output
    assert "verdict: incomplete" in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.end_to_end
def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path):
    """Exit code 0, no process, no file; and until then the figures move."""
    demo = start(tmp_path, tmp_path)
    deadline = time.monotonic() + 90
    lines = []
    while not (lines and "| messages " in lines[-1] and "messages -" not in lines[-1]):
        lines.append(demo.stdout.readline())
        assert lines[-1], "".join(lines)
        assert time.monotonic() < deadline, "".join(lines)
    children = psutil.Process(demo.pid).children(recursive=True)
    assert len(children) == 2
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, output
    assert not [child for child in children if child.is_running()]
    assert list(tmp_path.iterdir()) == []


def test_impossible_options_are_bad_usage(tmp_path):
    """A rate of nothing is refused before anything starts."""
    demo = start(tmp_path, os.environ["PATH"], "--rate", "0")
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert "argument --rate: 0 is not above 0" in output
    assert list(tmp_path.iterdir()) == []
