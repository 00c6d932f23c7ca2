"""What a commit costs: bytes on disk, time, and for how long ingestion stands still.

The real pipeline reads predictions of many models, compared with a reference, and commits once a
second. Beside it the naive way, on the same state: encode everything and replace it in one
transaction, in the ingest thread.

The clock is moved: a second of log for each second of the run, however long that takes. Bytes are
those that the process wrote to files (``wchar`` of ``/proc/self/io``), the database's log and the
later transfer into the database included.

Run: ``python benchmarks/checkpoint.py [--models N] [--features N] [--rate N] [--seconds N]``
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from exporter import config
from exporter.assembly import Assembled, assemble
from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.pipeline import Pipeline, Snapshot
from exporter.storage import encoding
from exporter.storage.store import Store
from exporter.storage.worker import InBackground

START = 1_700_000_000.0


class Clock:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Return Unix seconds."""
        return self.now


class Timed:
    """A worker that notes for how long its jobs take."""

    def __init__(self) -> None:
        self._worker = InBackground("commit")
        self.seconds: list[float] = []
        self.ready, self.wait, self.close = (
            self._worker.ready, self._worker.wait, self._worker.close,
        )  # fmt: skip

    def run(self, job: Callable[[], None]) -> None:
        """Run a job and time it."""

        def timed() -> None:
            begin = time.perf_counter()
            job()
            self.seconds.append(time.perf_counter() - begin)

        self._worker.run(timed)


def record(number: int, features: int, chance: random.Random, now: float) -> str:
    """Return a line of the log."""
    values = {f"f{index:02}": round(chance.gauss(0, 1), 4) for index in range(features)}
    fields = {
        "timestamp": round(now, 3),
        "model_version": "1",
        "prediction": "abc"[number % 3],
        "true_label": "abc"[number % 7 % 3],
        "confidence": round(chance.random(), 3),
        "latency_ms": round(chance.lognormvariate(3, 0.5), 2),
        "features": values,
    }
    return json.dumps(fields) + "\n"


def configure(folder: Path, models: int, features: int) -> Path:
    """Write references and the configuration."""
    chance = random.Random(0)
    sample = folder / "sample.jsonl"
    with sample.open("w") as file:
        file.writelines(record(n, features, chance, START) for n in range(3000))
    file = folder / "modeltail.yml"
    content = {
        "models": [
            {
                "name": f"m{number:02}",
                "paths": [str(folder / f"m{number:02}.jsonl")],
                "drift": {"reference": str(folder / "m.ref")},
            }
            for number in range(models)
        ]
    }
    file.write_text(json.dumps(content))
    build = ("--model", "m00", "-o", str(folder / "m.ref"), str(sample))
    quiet = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    if execute(("reference", "build", "--config.file", str(file), *build), quiet):
        raise SystemExit("the reference can't be built")
    return file


def written() -> int:
    """Return how many bytes this process wrote."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def percentiles(seconds: list[float]) -> str:
    """Return the median, the 99th percentile and the maximum in milliseconds."""
    ordered = sorted(seconds)
    chosen = [ordered[int(q * (len(ordered) - 1))] * 1e3 for q in (0.5, 0.99, 1.0)]
    return "p50 {:7.2f} ms, p99 {:7.2f} ms, max {:7.2f} ms".format(*chosen)


class Naive:
    """All state in one row a part, replaced by every commit."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("CREATE TABLE state (part TEXT PRIMARY KEY, value BLOB)")

    def commit(self, parts: Assembled) -> None:
        """Store everything."""
        rows = [(name, encoding.encode(group.dump())) for name, group in parts.groups.items()]
        rows += [(f"s/{each.name}", encoding.encode(each.dump())) for each in parts.sources]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def history(features: int, chance: random.Random) -> Iterator[str]:
    """Yield lines that leave no sub-window of the last day empty."""
    for seconds in (86400.0, 3600.0, 300.0):
        for subwindow in range(60, 0, -1):
            now = START - (subwindow - 0.5) * seconds / 60
            yield from (record(n, features, chance, now) for n in range(10))


def main() -> None:
    """Print bytes and times of both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--rate", type=int, default=2_000, help="records a second, over all models")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument(
        "--every", type=int, default=10, help="naive commits: one in so many seconds"
    )
    options = parser.parse_args()
    # As the program does.
    gc.set_threshold(100_000, 20, 100)
    with tempfile.TemporaryDirectory() as directory:
        measure(Path(directory), options)


@dataclass
class Measured:
    """Seconds and bytes of each commit, ours and naive."""

    pauses: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    naive_seconds: list[float] = field(default_factory=list)
    naive_written: list[int] = field(default_factory=list)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Run the pipeline and print."""
    parts = assemble(config.load(configure(folder, options.models, options.features)), replay=False)
    clock, worker = Clock(), Timed()
    store = Store(folder / "storage", "then")
    published: list[Snapshot] = []
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        store,
        published.append,
        clock,
        worker=worker,
    )
    naive = Naive(folder / "naive.db")
    with contextlib.ExitStack() as stack:
        stack.callback(naive.close)
        stack.callback(pipeline.close)
        logs = [
            stack.enter_context((folder / f"m{model:02}.jsonl").open("a", buffering=1 << 20))
            for model in range(options.models)
        ]
        # A day has gone by, of which all windows are full.
        chance = random.Random(1)
        append(logs, lambda: history(options.features, chance))
        turn(pipeline)
        pipeline.checkpoint_and_publish()
        worker.wait()
        worker.seconds.clear()
        naive.commit(parts)
        before = published[-1].checkpoint.written_bytes
        measured = Measured()
        each = range(options.rate // options.models)
        for second in range(options.seconds):
            clock.now += 1
            now = clock.now - 0.5
            append(logs, lambda: (record(n, options.features, chance, now) for n in each))  # noqa: B023
            turn(pipeline)
            commit(pipeline, worker, measured)
            if second % options.every == options.every - 1:
                commit_naive(naive, parts, measured)
        stats = published[-1].checkpoint
        assert stats.failures == 0
        state = (stats.written_bytes - before) / options.seconds
        report(options, measured, worker.seconds, state, store.path.stat().st_size)


def append(logs: list[TextIO], lines: Callable[[], Iterator[str]]) -> None:
    """Write lines to every log."""
    for log in logs:
        log.writelines(lines())
        log.flush()


def turn(pipeline: Pipeline) -> None:
    """Read what there is."""
    pipeline.look()
    while pipeline.read():
        pass


def commit(pipeline: Pipeline, worker: Timed, measured: Measured) -> None:
    """Commit, and measure until ingestion goes on, and until it is done."""
    before, begin, busy = written(), time.perf_counter(), time.thread_time()
    pipeline.checkpoint_and_publish()
    measured.pauses.append(time.perf_counter() - begin)
    measured.busy.append(time.thread_time() - busy)
    worker.wait()
    measured.written.append(written() - before)


def commit_naive(naive: Naive, parts: Assembled, measured: Measured) -> None:
    """Store the same state in full, and measure it."""
    before, begin = written(), time.perf_counter()
    naive.commit(parts)
    measured.naive_seconds.append(time.perf_counter() - begin)
    measured.naive_written.append(written() - before)


def report(
    options: argparse.Namespace, measured: Measured, commits: list[float], state: float, size: int
) -> None:
    """Print."""
    print(
        f"{options.models} models x {options.features} features x 3 windows, "
        f"{options.rate} records/s, {options.seconds} s; database {size / 1e6:.1f} MB"
    )
    disk, full = statistics.mean(measured.written), statistics.mean(measured.naive_written)
    print(
        f"written    {disk / 1e3:8.1f} kB/s to disk ({state / 1e3:.1f} kB/s of state); naive "
        f"{full / 1e3:.1f} kB/s, {full / disk:.1f} x as much"
    )
    print(f"ingestion  stands still for  {percentiles(measured.pauses)}")
    print(f"           (CPU time)        {percentiles(measured.busy)}")
    print(f"           naive             {percentiles(measured.naive_seconds)}")
    print(f"a commit   takes beside it   {percentiles(commits)}")


if __name__ == "__main__":
    main()
