"""How long it takes from a line of a log to a delivered notification, on the real servers.

    python -m benchmarks.alert_delay [--interval 1s --interval 15s] [--models 20]

An exporter, Prometheus and Alertmanager with the shipped rules and routes follow the logs of some
models. At moments spread over a minute each model fails a hundred times in a row; a receiver takes
what Slack and PagerDuty would get. The alert itself waits (`for`), and so does Alertmanager, to
send what belongs together at once (`group_wait`): what comes on top of both is the delay of the
chain, which is what intervals of scraping and of evaluating change.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import yaml

from benchmarks.live.exporters import COMMAND
from demo.notifications import Notification
from demo.programs import Program
from demo.receiver import Receiver
from demo.stack import (
    Addresses,
    find_servers,
    start_alertmanager,
    start_prometheus,
    write_alertmanager,
    write_prometheus,
)

ALERT = "ModelErrorRatioHigh"
FAILURES = 100
SPREAD = 60.0
WAITS = {"for": 120.0, "group_wait": 30.0}
"""Seconds, of the alert and of its route as shipped."""
PATIENCE = 400.0


class Deliveries:
    """When each service was first told of each model."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._at: dict[tuple[str, str], float] = {}

    def note(self, notification: Notification) -> None:
        """Keep the first one of each."""
        if notification.alert != ALERT or notification.resolved:
            return
        # "[FIRING 1] critical: NAME MODEL", "trigger (critical): NAME MODEL: …".
        model = notification.title.split(f"{ALERT} ")[1].partition(":")[0]
        with self._changed:
            self._at.setdefault((notification.service, model), time.monotonic())
            self._changed.notify_all()

    def wait(self, number: int, seconds: float) -> dict[tuple[str, str], float]:
        """Return them when there are so many, or when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._at) >= number, seconds)
            return dict(self._at)


def measure(interval: str, models: int, seed: int) -> dict[str, np.ndarray]:
    """Return float64[models] seconds by service."""
    servers = find_servers()
    if isinstance(servers, list):
        raise SystemExit(f"not installed: {', '.join(servers)}")
    addresses, deliveries = Addresses.choose(), Deliveries()
    names = [f"model{number:02d}" for number in range(models)]
    running: list[Program] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        configuration = {
            "windows": ["5m"],
            "models": [
                {
                    "name": name,
                    "paths": [str(directory / f"{name}.jsonl")],
                    "thresholds": {"max_error_ratio": 0.05},
                }
                for name in names
            ],
        }
        (directory / "modeltail.yml").write_text(yaml.safe_dump(configuration))
        for name in names:
            (directory / f"{name}.jsonl").touch()
        receiver = Receiver(directory / "notifications.jsonl", deliveries.note)
        try:
            alertmanager = write_alertmanager(directory, receiver.url, 1.0)
            running.append(start_alertmanager(servers, directory, alertmanager, addresses))
            arguments = [
                f"--config.file={directory / 'modeltail.yml'}",
                f"--storage.path={directory / 'state'}",
                f"--web.listen-address={addresses.exporter}",
            ]
            exporter = Program("modeltail", directory, [*COMMAND, "run", *arguments])
            running.append(exporter)
            exporter.wait_for_url(f"http://{addresses.exporter}/-/ready")
            prometheus = write_prometheus(directory, addresses, 1.0, interval)
            running.append(start_prometheus(servers, directory, prometheus, addresses))
            written = fail(directory, names, seed)
            found = deliveries.wait(2 * models, PATIENCE)
        finally:
            for program in reversed(running):
                program.stop()
            receiver.stop()
    return {
        service: np.array([found[service, name] - written[name] for name in names])
        for service in ("slack", "pagerduty")
    }


def fail(directory: Path, names: list[str], seed: int) -> dict[str, float]:
    """Let each model fail, at a moment of its own; return these."""
    chance = random.Random(seed)
    begun = time.monotonic()
    moments = sorted((begun + chance.uniform(0, SPREAD), name) for name in names)
    line = json.dumps({"prediction": "a", "model_version": "1", "error": "timeout"})
    written = {}
    pause = threading.Event()
    for moment, name in moments:
        pause.wait(max(moment - time.monotonic(), 0.0))
        with (directory / f"{name}.jsonl").open("a") as file:
            file.write(f"{line}\n" * FAILURES)
        written[name] = time.monotonic()
    return written


def main() -> None:
    """Print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interval", action="append", help="default: 1s and 15s")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    waits = sum(WAITS.values())
    print(f"seconds from line to notification; {waits:g} of them are waits of {', '.join(WAITS)}")
    print(f"{'interval':<10}{'to':<11}{'median':>8}{'p95':>8}{'beyond':>18}{'p95':>8}")
    medians = []
    for interval in options.interval or ["1s", "15s"]:
        for service, seconds in measure(interval, options.models, options.seed).items():
            middle, high = np.quantile(seconds, [0.5, 0.95])
            print(
                f"{interval:<10}{service:<11}{middle:8.1f}{high:8.1f}"
                f"{middle - waits:18.1f}{high - waits:8.1f}",
                flush=True,
            )
            medians.append(middle - waits)
    print(f"longest over shortest interval: {max(medians) / max(min(medians), 1e-9):.1f} x")


if __name__ == "__main__":
    main()
