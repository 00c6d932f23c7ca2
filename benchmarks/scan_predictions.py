"""`modeltail scan` against the loop that people write themselves, on the same prediction log.

The loop decodes each line with ``json.loads`` and updates four prometheus_client metrics: a
labelled counter, two histograms, and a gauge of rolling accuracy over the last 1,000. The scan
does all default monitors, drift of three features included, in three windows. Both are whole
processes; start-up counts.

    python benchmarks/scan_predictions.py [--records 200000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOP = """
import json, sys
from collections import deque
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
registry = CollectorRegistry()
predictions = Counter("predictions", "n", ["klass"], registry=registry)
confidence = Histogram("confidence", "n", registry=registry)
latency = Histogram("latency", "n", registry=registry)
accuracy = Gauge("accuracy", "n", registry=registry)
last = deque(maxlen=1000)
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        record = json.loads(line)
        predictions.labels(record["prediction"]).inc()
        confidence.observe(record["confidence"])
        latency.observe(record["latency_ms"] / 1000)
        last.append(record["prediction"] == record["true_label"])
        accuracy.set(sum(last) / len(last))
generate_latest(registry)
"""
"""What a first version usually looks like; the gauge is recomputed from its deque each time."""

INCREMENTAL = LOOP.replace(
    'last.append(record["prediction"] == record["true_label"])\n        '
    "accuracy.set(sum(last) / len(last))",
    'right = record["prediction"] == record["true_label"]\n        '
    "total = total + right - (last[0] if len(last) == 1000 else 0)\n        "
    "last.append(right); accuracy.set(total / len(last))",
).replace("last = deque", "total = 0; last = deque")
"""The same with a running sum."""


def write_log(path: Path, records: int) -> None:
    """Write predictions of three classes with three features, 20 a second."""
    rng = random.Random(0)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w") as log:
        for number in range(records):
            moment = start + timedelta(seconds=number / 20)
            record = {
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
            log.write(json.dumps(record) + "\n")


def cpu_seconds(command: list[str]) -> float:
    """Run a command and return its processor time."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user + after.children_system
    return spent - before.children_user - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    modeltail = str(Path(sys.executable).with_name("modeltail"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder / "log.jsonl", options.records)
        config = folder / "modeltail.yml"
        plain = "models: [{name: benchmark, paths: [log.jsonl]%s}]\n"
        config.write_text(plain % "")
        build = [modeltail, "reference", "build", "--config.file", str(config)]
        build += ["--model", "benchmark", "-o", str(folder / "ref"), str(folder / "log.jsonl")]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        config.write_text(plain % ", drift: {reference: ref}")
        commands = {
            "modeltail scan": [modeltail, "scan", "--config.file", str(config)],
            "loop": [sys.executable, "-c", LOOP, str(folder / "log.jsonl")],
            "loop, running sum": [sys.executable, "-c", INCREMENTAL, str(folder / "log.jsonl")],
        }
        # Interleaved, so that whatever else the machine does hits all of them.
        times: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(options.rounds):
            for what, command in commands.items():
                times[what].append(cpu_seconds(command))
        best = {what: min(values) for what, values in times.items()}
        for what, seconds in best.items():
            rate = options.records / seconds
            ratio = seconds / best["modeltail scan"]
            print(f"{what:20} {rate:10,.0f} records per CPU-second   {ratio:6.1f} x our time")


if __name__ == "__main__":
    main()
