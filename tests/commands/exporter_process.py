"""A real `modeltail run` on loopback."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from exporter.cli import main; main()"]


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure(folder: Path, **sections: object) -> Path:
    """Write a configuration (JSON is YAML) for one model that logs to app.log* in the folder."""
    content = {
        "storage": {"path": str(folder / "storage")},
        "windows": ["5m"],
        "models": [{"name": "bot", "paths": [str(folder / "app.log*")]}],
        **sections,
    }
    path = folder / "modeltail.yml"
    path.write_text(json.dumps(content))
    return path


class ExporterProcess:
    """The process, and what it shows.

    Parameters
    ----------
    config
        Its configuration; its output goes to a file beside it.
    port
        Of loopback.
    within
        A command that runs another one: the exporter.
    options
        More of them.
    """

    def __init__(
        self, config: Path, port: int, within: Sequence[str] = (), options: Sequence[str] = ()
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = config.with_suffix(".log")
        self._output = self.log.open("ab")
        self._process = subprocess.Popen(
            [
                *within,
                *COMMAND,
                "run",
                f"--config.file={config}",
                f"--web.listen-address=127.0.0.1:{port}",
                *options,
            ],
            cwd=REPOSITORY,
            stdout=self._output,
            stderr=self._output,
        )

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def send(self, number: signal.Signals, within: float = 5.0) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return self._process.wait(within)

    def exit_code(self, within: float = 30.0) -> int:
        """Wait for the process to end by itself."""
        return self._process.wait(within)

    def close(self) -> None:
        """Kill it if it still runs."""
        self._process.kill()
        self._process.wait()
        self._output.close()

    def ready(self) -> ExporterProcess:
        """Wait until it has published."""

        def answers() -> bool:
            assert self._process.poll() is None, self.log.read_text()
            try:
                return requests.get(f"{self.url}/-/ready", timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(answers)
        return self

    def scrape(self) -> dict[tuple[str, ...], float]:
        """Return the values by name and label values."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def lines(self) -> float:
        """Return how many lines it shows to have read."""
        return self.scrape().get(("modeltail_lines_total", "bot"), 0.0)


@contextmanager
def running(config: Path, within: Sequence[str] = ()) -> Iterator[ExporterProcess]:
    """Run the exporter until it has published, and kill it at the end."""
    process = ExporterProcess(config, free_port(), within)
    try:
        yield process.ready()
    finally:
        process.close()


def wait_until(condition: Callable[[], bool], within: float = 30.0) -> None:
    """Poll a condition; fail if it does not come true in time."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)
