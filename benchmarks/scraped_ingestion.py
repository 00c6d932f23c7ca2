"""What being scraped each second costs reading, and whether it keeps up at half its peak.

    python benchmarks/scraped_ingestion.py [--series 10000] [--slices 8]

`modeltail run` with models of about 2,500 series each (two versions, drift of eight features, two
windows), storage and all monitors. First it catches up with logs that are there, in turn with
nobody that scrapes, and with a scraper that asks each second for OpenMetrics, compressed, three
seconds each: neighbours are compared, since a machine is not as fast in one minute as in the next.
Then lines are appended at half of that
peak, scraped each second, and how many lines are written and not shown yet is looked at.

Goals: a tenth of the peak at most; arrears below two seconds' lines, which the publishing interval
of one second is a part of.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from live.exporters import PAUSE, Exporter, modeltail

from exporter import cli
from exporter.commands.streams import Streams

SERIES_OF_A_MODEL = 2500
MOST_LOSS = 0.10
MOST_ARREARS_SECONDS = 2.0
FED_SECONDS = 30.0
SLICE_SECONDS = 3.0
BLOCK_LINES = 50_000
MOST_PER_SECOND = 180_000
_STEP = 0.05


def records(count: int, seed: int) -> list[bytes]:
    """Return lines of a model."""
    chance = random.Random(seed)
    return [
        json.dumps(
            {
                "request_id": f"{seed}-{number}",
                "prediction": f"c{chance.randrange(12)}",
                "true_label": f"c{chance.randrange(12)}",
                "model_version": str(number % 2),
                "confidence": round(chance.random(), 3),
                "latency_ms": round(chance.expovariate(0.05), 3),
                "features": {f"f{feature}": round(chance.gauss(0, 1), 4) for feature in range(8)},
            }
        ).encode()
        + b"\n"
        for number in range(count)
    ]


def references(folder: Path, models: int) -> list[dict[str, Any]]:
    """Return the models of the configuration, with their references built."""
    sections: list[dict[str, Any]] = [
        {"name": f"m{model}", "paths": [str(folder / f"{model}.jsonl")]} for model in range(models)
    ]
    config = folder / "modeltail.yml"
    config.write_text(json.dumps({"models": sections}))
    quiet = Streams(StringIO(), StringIO(), BytesIO())
    for model, section in enumerate(sections):
        sample = folder / "sample.jsonl"
        sample.write_bytes(b"".join(records(2000, 100 + model)))
        reference = str(folder / f"{section['name']}.ref")
        build = ["reference", "build", "--config.file", str(config), "--model", section["name"]]
        assert cli.execute([*build, "-o", reference, str(sample)], quiet) == 0
        section["drift"] = {"reference": reference}
    return sections


class Read:
    """How many lines an exporter shows to have read, asked for without a scrape."""

    def __init__(self, exporter: Exporter) -> None:
        self._connection = HTTPConnection("127.0.0.1", exporter.port, timeout=60)

    def lines(self) -> tuple[int, float]:
        """Return it, of all sources together, and the Unix seconds of which that is true."""
        self._connection.request("GET", "/api/v1/status")
        data = json.loads(self._connection.getresponse().read())["data"]
        return sum(source["read"] for source in data["sources"]), data["snapshot_at"]


@contextmanager
def scraping(exporter: Exporter) -> Iterator[list[float]]:
    """Scrape once a second; yield the seconds that each took."""
    stop, took = threading.Event(), []
    headers = {
        "Accept": "application/openmetrics-text;version=1.0.0",
        "Accept-Encoding": "gzip",
    }

    def scrape() -> None:
        connection = HTTPConnection("127.0.0.1", exporter.port, timeout=60)
        while not stop.is_set():
            begun = time.perf_counter()
            connection.request("GET", "/metrics", headers=headers)
            connection.getresponse().read()
            took.append(time.perf_counter() - begun)
            stop.wait(max(0.0, 1.0 - took[-1]))

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


def catching_up(
    folder: Path, sections: list[dict[str, Any]], slices: int
) -> tuple[list[float], list[float]]:
    """Return lines a second of an exporter that reads logs that are there.

    In slices of time, in turn with nobody that scrapes, and scraped.
    """
    alone: list[float] = []
    scraped: list[float] = []
    with running(folder, sections) as exporter:
        read = Read(exporter)
        while not read.lines()[0]:
            PAUSE.wait(0.02)
        for _ in range(slices):
            alone.append(rate(read))
            with scraping(exporter):
                scraped.append(rate(read))
    return alone, scraped


def rate(read: Read) -> float:
    """Return lines a second in a slice of time."""
    first, begun = read.lines()
    PAUSE.wait(SLICE_SECONDS)
    last, ended = read.lines()
    return (last - first) / (ended - begun)


@contextmanager
def running(folder: Path, sections: list[dict[str, Any]]) -> Iterator[Exporter]:
    """Run an exporter without any state."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        modeltail(Path(own), "", models=sections, windows=["5m", "1h"]) as exporter,
    ):
        yield exporter


def keeping_up(
    folder: Path, sections: list[dict[str, Any]], rate: float
) -> tuple[list[float], list[float], int]:
    """Append lines at a rate; return arrears in seconds, those of scrapes, and the series."""
    logs = [Path(section["paths"][0]) for section in sections]
    blocks = [records(5000, 200 + number) for number in range(len(logs))]
    for log in logs:
        log.write_bytes(b"")
    arrears: list[float] = []
    with running(folder, sections) as exporter, scraping(exporter) as took:
        read = Read(exporter)
        files = [log.open("ab", buffering=0) for log in logs]
        begun, written, turn = time.perf_counter(), 0, 0
        next_look = 1.0
        while (elapsed := time.perf_counter() - begun) < FED_SECONDS:
            due = int(elapsed * rate) - written
            share = max(1, due // len(files))
            for file, block in zip(files, blocks, strict=True):
                lines = [block[(turn + one) % len(block)] for one in range(share)]
                file.write(b"".join(lines))
                written += share
            turn += share
            if elapsed >= next_look:
                arrears.append((written - read.lines()[0]) / rate)
                next_look += 1.0
            PAUSE.wait(_STEP)
        for file in files:
            file.close()
        series = sum(1 for line in exporter.metrics().splitlines() if line[:1] != b"#")
    return arrears, took, series


def main() -> int:
    """Print both; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--slices", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sections = references(folder, max(1, options.series // SERIES_OF_A_MODEL))
        for number, section in enumerate(sections):
            block = b"".join(records(BLOCK_LINES, number))
            lines = MOST_PER_SECOND * 2 * SLICE_SECONDS * options.slices / len(sections)
            with Path(section["paths"][0]).open("wb") as log:
                log.writelines(block for _ in range(math.ceil(lines / BLOCK_LINES)))
        alone, scraped = catching_up(folder, sections, options.slices)
        arrears, took, series = keeping_up(folder, sections, statistics.median(scraped) / 2)
    ratios = [after / before for before, after in zip(alone, scraped, strict=True)]
    loss = 1 - statistics.median(ratios)
    if not min(*alone, *scraped):
        raise RuntimeError("the logs were too short for so fast an exporter")
    print(f"{series:,} series of {len(sections)} models")
    print(f"  peak, nobody scrapes    {statistics.median(alone):10,.0f} lines a second")
    print(
        f"  peak, scraped a second  {statistics.median(scraped):10,.0f} lines a second, {loss:.1%} "
        f"less (pairs of slices: {1 - max(ratios):.1%} to {1 - min(ratios):.1%})"
    )
    print(
        f"  at half of that: arrears of {statistics.median(arrears):.2f} s, at most "
        f"{max(arrears):.2f} s; a scrape {statistics.median(took):.2f} s, at most {max(took):.2f} s"
    )
    return int(loss > MOST_LOSS or max(arrears) > MOST_ARREARS_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
