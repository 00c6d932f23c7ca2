"""What a call of PredictionLogger costs a service, against json and logging of Python itself.

Beside it what a service would otherwise write: a `logging.FileHandler` with a formatter that calls
`json.dumps` on the same event. Neither checks field names nor survives logrotate, and two processes
that write through it can tear each other's lines. `bare` is the event through `json.dumps` to an
open file without any logging: less than that no logger of Python's own parts can take.

They take turns; minimum and median are over batches of calls.

Run: ``python benchmarks/prediction_logger.py [--calls N] [--rounds N] [--directory D]``
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from exporter.logging import PredictionLogger

EVENT = {
    "request_id": "2f1c9a6e-0001",
    "confidence": 0.9312,
    "probabilities": {"refund": 0.9312, "invoice": 0.0511, "other": 0.0177},
    "latency_ms": 41.25,
    "features": {"age": 42.0, "plan": "pro", "returning": True, "length": 118},
}
DEFAULTS = {"model": "support_bot", "model_version": "7"}

Call = Callable[[], None]


class JsonFormatter(logging.Formatter):
    """The formatter of the usual recipe."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        created = datetime.fromtimestamp(record.created, UTC)
        timestamp = created.isoformat(timespec="milliseconds")
        return json.dumps({"timestamp": timestamp, **record.event})


def ours(path: Path) -> Call:
    log = PredictionLogger.to_file(path, **DEFAULTS)
    return lambda: log.prediction("refund", **EVENT)


def standard(path: Path) -> Call:
    logger = logging.getLogger("benchmark")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(path)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    event = {**DEFAULTS, "prediction": "refund", **EVENT}
    return lambda: logger.info("prediction", extra={"event": event})


def bare(path: Path) -> Call:
    file = path.open("a", encoding="utf-8")
    event = {**DEFAULTS, "prediction": "refund", **EVENT}

    def call() -> None:
        timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        file.write(json.dumps({"timestamp": timestamp, **event}) + "\n")
        file.flush()

    return call


def measured(call: Call, calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="in a batch")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--directory", type=Path, help="of the logs; absent: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        contenders = {
            "PredictionLogger": ours,
            "logging + json": standard,
            "bare json": bare,
        }
        paths = {name: Path(directory) / name for name in contenders}
        calls = {name: make(paths[name]) for name, make in contenders.items()}
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(arguments.rounds):
            for name, call in calls.items():
                taken[name].append(measured(call, arguments.calls))
        expected = arguments.rounds * arguments.calls
        for name, path in paths.items():
            lines = path.read_bytes().splitlines()
            events = {json.dumps({**json.loads(line), "timestamp": 0}, sort_keys=True)
                      for line in lines}  # fmt: skip
            if len(lines) != expected or len(events) != 1:
                raise SystemExit(f"{name} did not write {expected} equal events")
    reference = statistics.median(taken["logging + json"])
    print(f"{'us a call':20}{'min':>8}{'median':>8}{'ratio':>8}")
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:20}{min(times):8.2f}{median:8.2f}{reference / median:8.2f}")
    print("ratio: how many times as fast as logging + json, by the median")


if __name__ == "__main__":
    main()
