"""Whether memory depends on how much there is to catch up with.

    python benchmarks/tail_memory.py [--small 50] [--big 5000]

Starts modeltail, with storage and all default monitors, on a prediction log of some megabytes and
on one of very many, and prints the highest resident memory until each is read to its end. The log
repeats 50,000 different records of four versions of a model, with three features; it is written to
the folder for temporary files, which needs the room.

Goal: at most 150 MB, whatever the backlog.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from live.exporters import modeltail

RECORDS = 50_000
MB = 1_000_000


def block() -> bytes:
    """Return the records that the log repeats."""
    rng = random.Random(0)
    lines = [
        json.dumps(
            {
                "timestamp": time.time() - rng.random() * 86_400,
                "model_version": str(rng.randrange(4)),
                "prediction": rng.choice("abc"),
                "true_label": rng.choice("abc"),
                "confidence": rng.random(),
                "latency_ms": rng.expovariate(0.01),
                "features": {
                    "age": rng.randrange(100),
                    "income": rng.lognormvariate(10, 1),
                    "plan": rng.choice(["free", "team", "pro"]),
                },
            }
        )
        for _ in range(RECORDS)
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def catch_up(folder: Path, repeated: bytes, megabytes: int) -> tuple[float, float]:
    """Return the highest resident memory in MB, and the seconds it took."""
    folder.mkdir()
    log, times = folder / "app.jsonl", max(1, megabytes * MB // len(repeated))
    with log.open("wb") as file:
        for _ in range(times):
            file.write(repeated)
    begun = time.monotonic()
    with modeltail(folder, str(log)) as exporter:
        exporter.wait_for(times * RECORDS, seconds=3600.0, pause=1.0)
        seconds, memory = time.monotonic() - begun, exporter.resident_mb(peak=True)
    log.unlink()
    return memory, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=50, help="megabytes")
    parser.add_argument("--big", type=int, default=5000, help="megabytes")
    arguments = parser.parse_args()
    repeated = block()
    print(f"{'backlog MB':>10} {'peak RSS MB':>12} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as name:
        for megabytes in (arguments.small, arguments.big):
            memory, seconds = catch_up(Path(name) / str(megabytes), repeated, megabytes)
            print(f"{megabytes:10} {memory:12.0f} {seconds:8.1f}")


if __name__ == "__main__":
    main()
