"""How fast syslog lines are decoded and scored, against a plain loop with regular expressions.

    python benchmarks/syslog_parse.py [/var/log/syslog*] [--leading-fields N]

Without files it reads those of the demo.

Every contender reads the same lines, from memory, in blocks of 1 MiB, in one thread. They take
turns; the best of the rounds counts. `parse` is what the exporter does to get columns, `score`
adds its two syslog monitors with three windows and a model of the same lines.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from exporter.event_time import EventTime
from exporter.markov.scoring import Scorer
from exporter.markov.training import Trainer
from exporter.monitors.syslog_anomaly import SyslogAnomaly
from exporter.monitors.syslog_counts import SyslogCounts
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.tailing.inputs import read_blocks
from exporter.windows import Window

WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
ROUNDS = 5
BUNDLED = str(Path(__file__).parents[1] / "demo" / "data" / "syslog.*.log")
HEADER = re.compile(
    rb"(?P<time>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<tag>[^ :\[]+)(?:\[\d+\])?:? ?"
)
NUMBER = re.compile(rb"\d+")
Blocks = list[list[bytes]]


def plain_loop(blocks: Blocks, leading_fields: int) -> int:
    """Do the least that a loop must: find host and tag, remove numbers, count."""
    counts: Counter[tuple[bytes, bytes, bytes]] = Counter()
    for lines in blocks:
        for line in lines:
            start = line.split(b" ", leading_fields)[-1] if leading_fields else line
            header = HEADER.match(start)
            if header:
                counts[header["host"], header["tag"], NUMBER.sub(b"", start[header.end() :])] += 1
    return counts.total()


def parse(blocks: Blocks, leading_fields: int) -> int:
    """Decode."""
    lines = SyslogLines("benchmark", "UTC", leading_fields)
    return sum(lines.parse(block, time.time()).parsed for block in blocks)


def scorer(blocks: Blocks, leading_fields: int) -> Callable[[Blocks, int], int]:
    """Train on the blocks and return the contender that scores them."""
    trainer, training_lines = Trainer(), SyslogLines("benchmark", "UTC", leading_fields)
    for block in blocks:
        trainer.update(training_lines.parse(block, time.time()).batch)
    model = trainer.model()

    def score(blocks: Blocks, leading_fields: int) -> int:
        lines = SyslogLines("benchmark", "UTC", leading_fields)
        event_time = EventTime(WINDOWS, replay=True)
        counts, anomaly = SyslogCounts(), SyslogAnomaly(WINDOWS, {"benchmark": Scorer(model)})
        parsed = 0
        for block in blocks:
            batch = event_time.place(lines.parse(block, time.time()).batch)
            counts.update(batch)
            anomaly.update(batch)
            parsed += len(batch)
        return parsed

    return score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", default=[BUNDLED])
    parser.add_argument("--leading-fields", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    blocks = [block.lines for block in read_blocks(arguments.files)]
    contenders: dict[str, Callable[[Blocks, int], int]] = {
        "plain loop": plain_loop,
        "parse": parse,
        "score": scorer(blocks, arguments.leading_fields),
    }
    best = dict.fromkeys(contenders, float("inf"))
    parsed = dict.fromkeys(contenders, 0)
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            start = time.process_time()
            parsed[name] = contender(blocks, arguments.leading_fields)
            best[name] = min(best[name], time.process_time() - start)
    total = sum(map(len, blocks))
    print(f"{total:,} lines, {sum(len(line) for block in blocks for line in block):,} bytes")
    for name, seconds in best.items():
        ratio = best["plain loop"] / seconds
        print(
            f"{name:<12}{total / seconds:>12,.0f} lines/s{ratio:>8.1f} x  {parsed[name]:,} parsed"
        )


if __name__ == "__main__":
    main()
