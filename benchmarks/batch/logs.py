"""Large logs to read in one go, made from small ones."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exporter.tailing.inputs import read_blocks

BUNDLED_SYSLOG = Path(__file__).parents[2] / "demo" / "data" / "syslog.train.log"
PER_SECOND = 20
_STAMP = len("Jan  1 00:00:00")


def write_syslog(path: Path, size: int, files: Sequence[str]) -> int:
    """Write the lines of syslog files over and over, each time later; return how many.

    The time of day goes on by a fixed step, so that windows slide as they do on a real day.
    """
    lines = [
        bytes(line[_STAMP:])
        for block in read_blocks(files or [str(BUNDLED_SYSLOG)])
        for line in block.lines
        if len(line) > _STAMP and line[3:4] == b" " and line[6:7] == b" " and line[9:10] == b":"
    ]
    written = 0
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("wb", buffering=1 << 20) as log:
        while log.tell() < size:
            stamp = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}".encode()
            for _ in range(PER_SECOND):
                log.write(stamp + lines[written % len(lines)] + b"\n")
                written += 1
            moment += timedelta(seconds=1)
    return written


def write_predictions(path: Path, size: int) -> int:
    """Write predictions of three classes with three features; return how many."""
    records = predictions()
    written = 0
    with path.open("w", buffering=1 << 20) as log:
        while log.tell() < size:
            for record in itertools.islice(records, 1000):
                log.write(json.dumps(record) + "\n")
            written += 1000
    return written


def predictions() -> Iterator[dict[str, object]]:
    """Yield predictions, :data:`PER_SECOND` a second."""
    rng = random.Random(0)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in itertools.count():
        moment = start + timedelta(seconds=number / PER_SECOND)
        yield {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": f"request-{number}",
            "model": "benchmark",
            "model_version": "1.0.0",
            "prediction": rng.choice("abc"),
            "confidence": round(rng.random(), 4),
            "latency_ms": round(rng.expovariate(0.05), 3),
            "features": {
                "age": rng.randrange(18, 90),
                "income": round(rng.gauss(0, 1), 4),
                "plan": rng.choice(["free", "basic", "pro"]),
            },
            "true_label": rng.choice("abc"),
        }
