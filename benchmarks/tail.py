"""Whole programs on the same log: `modeltail scan`, Debian's mtail, and a loop of one's own.

Modeltail does all that it does by default: all monitors in three windows, drift of three features
against a reference, and for syslog a trained Markov model, without alarms. mtail counts by label
and fills one histogram, its simplest equal job. The loop decodes each line with ``json.loads`` and
updates four metrics of prometheus_client: a labelled counter, two histograms, and a gauge of
rolling accuracy. Start-up counts. The runs are interleaved, so that whatever else the machine does
hits all of them; the best of each is printed, and how many times the processor time of ours it
took: best against best, and the lowest and highest of one round. We must count every line. What
others leave out is told, and who leaves out more than a hundredth is not compared.

    apt-get install mtail
    python benchmarks/tail.py [--megabytes 200] [--rounds 3] [SYSLOG...]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batch import logs
from batch.measuring import Cost, run

MODELTAIL = [sys.executable, "-c", "from exporter.cli import main; main()"]

ENOUGH = 0.99
"""Share of the lines that a program must have counted to be compared."""

LOOP = """
import json, sys
from collections import deque
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
registry = CollectorRegistry()
predictions = Counter("model_predictions", "n", ["klass"], registry=registry)
confidence = Histogram("confidence", "n", registry=registry)
latency = Histogram("latency", "n", registry=registry)
accuracy = Gauge("accuracy", "n", registry=registry)
last = deque(maxlen=1000)
total = 0
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        record = json.loads(line)
        predictions.labels(record["prediction"]).inc()
        confidence.observe(record["confidence"])
        latency.observe(record["latency_ms"] / 1000)
        right = record["prediction"] == record["true_label"]
        total += right - (last[0] if len(last) == 1000 else 0)
        last.append(right)
        accuracy.set(total / len(last))
sys.stdout.write(generate_latest(registry).decode())
"""

MTAIL_SYSLOG = r"""
counter syslog_messages_total by tag
histogram length buckets 50, 100, 200, 400
/^\w+ +\d+ [\d:]+ \S+ (?P<tag>[^ :\[]+)(\[\d+\])?:(?P<text>.*)$/ {
  syslog_messages_total[$tag]++
  length = len($text)
}
"""

MTAIL_JSON = r"""
counter model_predictions_total by class
histogram latency buckets 5, 10, 25, 50, 100, 250
histogram confidence buckets 0.25, 0.5, 0.75
/"prediction": "(?P<class>[^"]*)"/ {
  model_predictions_total[$class]++
}
/"confidence": (?P<value>[0-9.]+)/ {
  confidence = $value
}
/"latency_ms": (?P<value>[0-9.]+)/ {
  latency = $value
}
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program, and the counter of its output that tells how many lines it counted."""

    name: str
    command: Sequence[str]
    counter: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def counted(self, output: bytes) -> int:
        """Return the sum over the labels of the counter."""
        samples = re.findall(rf"^{self.counter}\{{[^}}]*\}} (\S+)", output.decode(), re.MULTILINE)
        return int(sum(map(float, samples)))


def mtail(folder: Path, name: str, program: str, log: Path, counter: str) -> list[Contestant]:
    """Return mtail on one and on two processors; nothing where it is not installed."""
    if shutil.which("mtail") is None:
        print("mtail is not installed (apt-get install mtail)")
        return []
    programs = folder / name
    programs.mkdir()
    (programs / "program.mtail").write_text(program)
    # It listens even so: a port of its own, since another one may be running.
    command = ["mtail", "--port=0", "--one_shot", "--one_shot_format=prometheus"]
    command += ["--progs", str(programs)]
    command += ["--logs", str(log)]
    return [
        Contestant(f"mtail, GOMAXPROCS={n}", command, counter, {"GOMAXPROCS": str(n)})
        for n in (1, 2)
    ]


def syslog(folder: Path, size: int, files: Sequence[str]) -> tuple[Path, int, list[Contestant]]:
    """Return the log, its lines, and who reads it."""
    log, model, config = folder / "sys.log", folder / "normal.markov", folder / "syslog.yml"
    lines = logs.write_syslog(log, size, files)
    train = [*MODELTAIL, "syslog", "train", "-o", str(model)]
    subprocess.run(
        [*train, *(files or [str(logs.BUNDLED_SYSLOG)])], check=True, capture_output=True
    )
    config.write_text(
        f"syslog: [{{name: host, paths: ['{log}'], timezone: UTC, model: '{model}', "
        "alpha: null}]\n"
    )
    scan = Contestant(
        "modeltail scan",
        [*MODELTAIL, "scan", "--config.file", str(config)],
        "syslog_messages_total",
    )
    return log, lines, [scan, *mtail(folder, "syslog", MTAIL_SYSLOG, log, scan.counter)]


def predictions(folder: Path, size: int) -> tuple[Path, int, list[Contestant]]:
    """Return the log, its lines, and who reads it."""
    log, config = folder / "predictions.jsonl", folder / "predictions.yml"
    lines = logs.write_predictions(log, size)
    section = f"models: [{{name: benchmark, paths: ['{log}']%s}}]\n"
    config.write_text(section % "")
    build = [*MODELTAIL, "reference", "build", "--config.file", str(config), "--model", "benchmark"]
    sample = folder / "reference.jsonl"
    logs.write_predictions(sample, min(size, 20_000_000))
    command = [*build, "-o", str(folder / "reference"), str(sample)]
    subprocess.run(command, check=True, capture_output=True)
    config.write_text(section % f", drift: {{reference: '{folder / 'reference'}'}}")
    counter = "model_predictions_total"
    return (
        log,
        lines,
        [
            Contestant(
                "modeltail scan", [*MODELTAIL, "scan", "--config.file", str(config)], counter
            ),
            Contestant("json.loads loop", [sys.executable, "-c", LOOP, str(log)], counter),
            *mtail(folder, "json", MTAIL_JSON, log, counter),
        ],
    )


def compare(
    title: str, log: Path, lines: int, contestants: Sequence[Contestant], rounds: int
) -> None:
    """Run all of them in turn and print what they cost."""
    size = log.stat().st_size
    print(f"\n{title}: {lines:,} lines, {size / 1e6:.0f} MB")
    costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
    left_out: set[str] = set()
    for _ in range(rounds):
        for contestant in contestants:
            cost, output = run(contestant.command, contestant.environment)
            costs[contestant.name].append(cost)
            counted = contestant.counted(output)
            if counted == lines:
                continue
            told = f"{contestant.name} counted {counted:,} of {lines:,} lines"
            if contestant is contestants[0]:
                sys.exit(told)
            print(told)
            if not ENOUGH * lines <= counted <= lines:
                left_out.add(contestant.name)
    ours = [cost.cpu for cost in costs[contestants[0].name]]
    print(f"{'':20} {'lines':>10} {'MB':>6}   {'lines':>10}  {'':>9} our speed is")
    print(f"{'':20} {'/CPU-s':>10} {'/CPU-s':>6}   {'/s':>10}  {'RSS':>9}   best    a round")
    for name, runs in costs.items():
        if name in left_out:
            continue
        cpu = min(cost.cpu for cost in runs)
        wall = min(cost.wall for cost in runs)
        resident = max(cost.resident for cost in runs)
        ratios = [cost.cpu / our for cost, our in zip(runs, ours, strict=True)]
        print(
            f"{name:20} {lines / cpu:10,.0f} {size / cpu / 1e6:6.1f}   {lines / wall:10,.0f}"
            f"  {resident / 1e6:6.0f} MB {cpu / min(ours):5.2f} x"
            f"  {min(ratios):.2f}-{max(ratios):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="SYSLOG", help="default: the demo's")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size = options.megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare("syslog", *syslog(folder, size, options.files), options.rounds)
        compare("predictions", *predictions(folder, size), options.rounds)


if __name__ == "__main__":
    main()
