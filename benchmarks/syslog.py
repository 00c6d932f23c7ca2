"""How fast syslog alarms are: the full detector against drain3 and against a loop that counts.

    python benchmarks/syslog.py --peers DIRECTORY [/var/log/syslog*] [--leading-fields N]
        [--lines 1000000] [--rounds 3]

Without files it reads those of the demo. All read the same lines from memory, repeated to so many,
in one process and thread each:

- `detector`: parsing, templates, order and processes of each host, missing lines, bursts, p-values;
- `counter`: three regular expressions (header, tag, numbers) and a dictionary, a line at a time;
- `drain3`: templates only, of the messages, with the masks of its own example. It is installed into
  a virtual environment of its own in DIRECTORY, and reads a tenth of the lines: it does not get
  faster with more.

The detector goes round after round through 10 million lines of a log that invents hosts, programs,
processes and words without end with `--adversarial`; the memory it has then is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from exporter.markov.online import OnlineModel
from exporter.parsing.syslog_lines import syslog_parser
from exporter.storage import encoding
from exporter.tailing.inputs import read_blocks
from exporter.tailing.lines import Lines

BUNDLED = str(Path(__file__).parents[1] / "demo" / "data" / "syslog.*.log")
BLOCK_LINES = 6000
RECEIVED = 1.9e9
LEAST = {"drain3": 2.0, "counter": 0.4}
"""A loop that only counts is faster; of what it costs to know more no more than that."""
HEADER = re.compile(r"^(\w{3}\s+\d+\s[\d:]{8})\s(\S+)\s(.*)$")
TAG = re.compile(r"^([^\[:\s]+)(?:\[(\d+)\])?:\s*(.*)$")
NUMBER = re.compile(r"\d+")
DRAIN3 = r"""
import json, re, sys, time
from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig
begin, end = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
masks = {
    r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))": "ID",
    r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})": "IP",
    r"([0-9a-f]{6,} ?){3,}": "SEQ",
    r"([0-9A-F]{4} ?){4,}": "SEQ",
    r"(0x[a-f0-9A-F]+)": "HEX",
    r"([\-\+]?\d+)": "NUM",
}
configuration = TemplateMinerConfig()
configuration.masking_instructions = [
    MaskingInstruction(begin + pattern + end, name) for pattern, name in masks.items()
]
miner = TemplateMiner(config=configuration)
header = re.compile(r"\w{3}\s+\d+\s[\d:]{8}\s\S+\s")
with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
    messages = [header.sub("", line.rstrip("\n"), count=1) for line in file]
begun = time.process_time()
for message in messages:
    miner.add_log_message(message)
print(json.dumps(len(messages) / (time.process_time() - begun)))
"""


def detector(lines: list[bytes]) -> float:
    """Return the lines per CPU second of the detector."""
    blocks = [
        Lines.of(lines[begin : begin + BLOCK_LINES]) for begin in range(0, len(lines), BLOCK_LINES)
    ]
    parser, model = syslog_parser("benchmark", timezone="UTC"), OnlineModel()
    begun = time.process_time()
    for block in blocks:
        batch = parser.parse(block, RECEIVED).batch
        model.score(batch, batch.timestamp)
    return len(lines) / (time.process_time() - begun)


def memory(lines: list[bytes]) -> tuple[int, float, float]:
    """Return how many hosts there are, and the MB that their model takes, stored and held."""
    parser, model = syslog_parser("benchmark", timezone="UTC"), OnlineModel()
    hosts: set[str] = set()
    tracemalloc.start()
    begun = tracemalloc.get_traced_memory()[0]
    for begin in range(0, len(lines), BLOCK_LINES):
        batch = parser.parse(Lines.of(lines[begin : begin + BLOCK_LINES]), RECEIVED).batch
        model.score(batch, batch.timestamp)
        hosts.update(batch.host.values)
    held = tracemalloc.get_traced_memory()[0] - begun
    tracemalloc.stop()
    return len(hosts), len(encoding.encode(model.dump())) / 2**20, held / 2**20


def counter(lines: list[bytes]) -> float:
    """Return the lines per CPU second of the loop."""
    counts: Counter[tuple[str, str, str]] = Counter()
    begun = time.process_time()
    for line in lines:
        header = HEADER.match(line.decode("utf-8", "replace"))
        tag = header and TAG.match(header[3])
        if header and tag:
            counts[header[2], tag[1], NUMBER.sub("", tag[3])] += 1
    return len(lines) / (time.process_time() - begun)


def drain3(lines: list[bytes], folder: Path) -> float:
    """Return the lines per CPU second of drain3, installed if it is not there yet."""
    python = folder / "drain3" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "drain3")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "drain3==0.9.11"], check=True)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(lines[: max(len(lines) // 10, 50_000)]) + b"\n")
        file.flush()
        command = [str(python), "-c", DRAIN3, file.name]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(json.loads(found.splitlines()[-1]))


def invented(blocks: int) -> Iterator[list[bytes]]:
    """Yield blocks of lines that say something new each."""
    chance = random.Random(1)
    for block in range(blocks):
        yield [
            f"Nov 22 12:00:{row % 60:02d} host{chance.randrange(1 << 20)} "
            f"{chr(97 + row % 26)}{chance.randrange(1 << 17)}[{chance.randrange(1 << 22)}]: "
            f"user {chance.getrandbits(64):x} {'x' * (row % 40)} failed {block}".encode()
            for row in range(BLOCK_LINES)
        ]


def adversarial(lines: int) -> None:
    """Print the memory that a log without end of names takes."""
    parser, model = syslog_parser("benchmark", timezone="UTC"), OnlineModel()
    process = psutil.Process()
    every = max(lines // BLOCK_LINES // 10, 1)
    for number, block in enumerate(invented(lines // BLOCK_LINES), 1):
        batch = parser.parse(Lines.of(block), RECEIVED).batch
        model.score(batch, batch.timestamp)
        if number % every == 0:
            megabytes = process.memory_info().rss / 2**20
            print(f"{number * BLOCK_LINES:>12,} invented lines {megabytes:8.0f} MB", flush=True)
    print(f"{'highest':>27} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:8.0f} MB")


def main() -> int:
    """Print lines per second, and how many times as fast as the others; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", default=[BUNDLED])
    parser.add_argument("--peers", type=Path, help="directory for drain3's virtual environment")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leading-fields", type=int, default=0)
    parser.add_argument("--adversarial", action="store_true")
    options = parser.parse_args()
    if options.adversarial:
        adversarial(options.lines)
        return 0
    read = [line for block in read_blocks(options.files) for line in block.lines]
    read = [line.split(b" ", options.leading_fields)[-1] for line in read]
    lines = read * -(-options.lines // len(read))
    ours, loop = (
        max(contender(lines) for _ in range(options.rounds)) for contender in (detector, counter)
    )
    print(f"{len(lines):,} lines, of {len(read):,}")
    print(f"{'detector':<10}{ours:12,.0f} lines/s")
    others = {"counter": loop}
    if options.peers is not None:
        others["drain3"] = drain3(lines, options.peers)
    for name, speed in others.items():
        print(f"{name:<10}{speed:12,.0f} lines/s {ours / speed:8.1f} x")
    hosts, stored, held = memory(read)
    print(
        f"{hosts:,} hosts: {stored:.1f} MB stored, {held:.1f} MB held, {held / hosts:.2f} MB a host"
    )
    return int(any(ours / speed < LEAST[name] for name, speed in others.items()))


if __name__ == "__main__":
    raise SystemExit(main())
