"""Running exporters for benchmarks: ours, and Debian's mtail where it is installed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil

HINT = "mtail is not installed (apt-get install mtail); ours alone follows"
COMMAND = [sys.executable, "-c", "from exporter.cli import main; main()"]
LINE = b'{"prediction": "a", "model_version": "1", "confidence": 0.5}\n'
MTAIL_PROGRAM = "counter lines_total\n/$/ {\n  lines_total++\n}\n"
PAUSE = threading.Event()


def mtail_path() -> str | None:
    """Return where mtail is."""
    return shutil.which("mtail")


class Exporter:
    """A running process.

    Parameters
    ----------
    counter
        Beginning of the line of /metrics that tells how many lines were read.
    """

    def __init__(self, name: str, pid: int, port: int, counter: bytes) -> None:
        self.name = name
        self.pid = pid
        self.port = port
        self._counter = counter
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def metrics(self) -> bytes:
        """Return the exposition; empty if it does not answer yet."""
        try:
            self._connection.request("GET", "/metrics")
            return self._connection.getresponse().read()
        except OSError:
            self._connection.close()
            return b""

    def lines(self) -> int:
        """Return how many lines it shows to have read."""
        for line in self.metrics().splitlines():
            if line.startswith(self._counter):
                return int(float(line.rsplit(b" ", 1)[1]))
        return 0

    def wait_for(self, lines: int, seconds: float = 600.0, pause: float = 0.1) -> None:
        """Wait until it shows a number of lines."""
        deadline = time.monotonic() + seconds
        while self.lines() < lines:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} shows {self.lines()} of {lines} lines")
            PAUSE.wait(pause)

    def cpu_seconds(self) -> float:
        """Return user and system time so far."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def resident_mb(self, *, peak: bool = False) -> float:
        """Return resident memory, now or at its highest."""
        name = "VmHWM:" if peak else "VmRSS:"
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        raise ValueError(f"no {name}")


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(name: str, command: Sequence[str], port: int, counter: bytes) -> Iterator[Exporter]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
    )
    exporter = Exporter(name, process.pid, port, counter)
    try:
        while not exporter.metrics():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended with exit code {process.returncode}")
            PAUSE.wait(0.05)
        yield exporter
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def modeltail(
    folder: Path, logs: str, name: str = "modeltail", **keys: object
) -> Iterator[Exporter]:
    """Run our exporter on a glob, with storage in `folder` and all default monitors.

    Parameters
    ----------
    keys
        More keys of the configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "modeltail.yml"
    content = {
        "storage": {"path": str(folder / "storage")},
        "models": [{"name": "bot", "paths": [logs]}],
        **keys,
    }
    config.write_text(json.dumps(content))
    port = free_port()
    command = [
        *COMMAND, "run", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with _running(name, command, port, b'modeltail_lines_total{source="bot"}') as exporter:
        yield exporter


@contextmanager
def mtail(folder: Path, logs: str) -> Iterator[Exporter]:
    """Run mtail on a glob with a program that counts lines, as it is configured by default.

    It begins at the end of the files that are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.mtail").write_text(MTAIL_PROGRAM)
    port = free_port()
    command = [
        str(mtail_path()), f"--progs={folder}", f"--logs={logs}", "--address=127.0.0.1",
        f"--port={port}", f"--log_dir={folder}",
    ]  # fmt: skip
    with _running("mtail", command, port, b'lines_total{prog="lines.mtail"}') as exporter:
        yield exporter


def append(path: Path, data: bytes = LINE) -> None:
    """Write to the end of a file at once."""
    with path.open("ab", buffering=0) as file:
        file.write(data)
