"""How fast predictions are remembered and joined with their labels, and how much memory waits.

They are stored as the exporter does it, with a commit after every ten batches. Labels come about as
late as each other, or in random order. Beside it a dict of the same values by request id, which is
what a service would write itself.

Run: ``python benchmarks/label_join.py [--pending N] [--labels N] [--random] [--no-dict]``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from numpy.typing import NDArray

from exporter.event_time import EventTime
from exporter.joining.join import Join
from exporter.records import Categorical, RecordBatch, Scores
from exporter.storage.archive import tell_stored
from exporter.storage.ledger import Ledger
from exporter.storage.store import Store
from exporter.windows import Window

NOW = 1_700_000_000.0
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
CLASSES = ("no", "yes")


def batches(requests: NDArray[np.int32], size: int, *, labels: bool) -> Iterator[RecordBatch]:
    """Yield predictions, or the ground truth, of some requests."""
    random = np.random.default_rng(7)
    place = EventTime(WINDOWS, replay=False).place
    for first in range(0, len(requests), size):
        some = requests[first : first + size]
        n = len(some)
        nothing, codes = np.full(n, np.nan), random.integers(0, 2, n).astype(np.int32)
        p = random.uniform(0, 1, n)
        yield place(
            RecordBatch(
                received=NOW,
                timestamp=np.full(n, NOW),
                version=Categorical(np.zeros(n, dtype=np.int32), ("1",)),
                attempt=np.full(n, not labels),
                failed=np.zeros(n, dtype=bool),
                error_type=Categorical.empty(n),
                prediction=Categorical.empty(n) if labels else Categorical(codes, CLASSES),
                prediction_value=nothing,
                label=Categorical(codes, CLASSES) if labels else Categorical.empty(n),
                label_value=nothing,
                confidence=nothing if labels else p,
                latency=nothing,
                scores=None if labels else Scores(CLASSES, np.column_stack((1 - p, p))),
                request_id=tuple(f"request-{number}" for number in some.tolist()),
            )
        )


def resident() -> float:
    """Return the memory in use, in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


class Stored:
    """A join whose state is committed now and then."""

    def __init__(self, directory: Path) -> None:
        self.join = Join(WINDOWS)
        self.commit_seconds = self.longest_commit = 0.0
        self._store = Store(directory, "benchmark")
        self._ledger = Ledger()

    def commit(self) -> None:
        """Store what changed."""
        before = time.process_time()
        staged = self._ledger.stage({"join": self.join.dump()})
        self._store.commit(staged)
        self._ledger.settle(staged)
        tell_stored(staged, self._store.read_archived)
        took = time.process_time() - before
        self.commit_seconds += took
        self.longest_commit = max(self.longest_commit, took)

    def feed(self, all_batches: Iterator[RecordBatch]) -> tuple[float, int, float]:
        """Take in batches; return CPU seconds without commits, pairs found, and peak memory."""
        seconds, pairs, peak = 0.0, 0, 0.0
        self.commit_seconds = self.longest_commit = 0.0
        for number, batch in enumerate(all_batches):
            before = time.process_time()
            joined = self.join.update(batch, NOW).joined
            seconds += time.process_time() - before
            pairs += 0 if joined is None else len(joined)
            if number % 10 == 9:
                self.commit()
            peak = max(peak, resident())
        self.commit()
        return seconds, pairs, peak

    def close(self) -> None:
        """Close the database."""
        self._store.close()


def restarted(directory: Path) -> tuple[float, int]:
    """Load what is stored; return seconds and how many events are remembered."""
    before = time.perf_counter()
    store = Store(directory, "benchmark")
    join = Join(WINDOWS)
    join.load(store.load().parts["join"])
    store.close()
    return time.perf_counter() - before, join.predictions.remembered


def in_a_dict(requests: NDArray[np.int32], size: int) -> tuple[float, float]:
    """Keep the same in a dict; return CPU seconds and MB."""
    known: dict[str, tuple[float, str, str, float, float, float]] = {}
    begun, seconds = resident(), 0.0
    for batch in batches(requests, size, labels=False):
        assert batch.request_id is not None
        assert batch.scores is not None
        before = time.process_time()
        rows = zip(
            batch.request_id, batch.event_time.tolist(), batch.prediction.decode(),
            batch.version.decode(), batch.confidence.tolist(), batch.scores.values.tolist(),
            strict=True,
        )  # fmt: skip
        for request, moment, predicted, version, confidence, (no, yes) in rows:
            known[request or ""] = (moment, predicted or "", version or "", confidence, no, yes)
        seconds += time.process_time() - before
    return seconds, resident() - begun


def main() -> None:
    """Print rates of both, and what waiting predictions take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=None, help="fewer labels than predictions")
    parser.add_argument("--batch", type=int, default=4_000)
    parser.add_argument("--random", action="store_true", help="labels in random order")
    parser.add_argument("--no-dict", action="store_true")
    options = parser.parse_args()
    number, size = options.pending, options.batch
    labels = min(number, options.labels or number)
    random, begun = np.random.default_rng(1), resident()
    requests = np.arange(number, dtype=np.int32)
    print(f"{number:,} predictions, batches of {size:,}; {begun:.0f} MB before them")
    with TemporaryDirectory() as directory:
        stored = Stored(Path(directory))
        seconds, _, peak = stored.feed(batches(requests, size, labels=False))
        print(line("remember", number, seconds, stored, peak))
        order = (
            random.permutation(requests)
            if options.random
            else np.argsort(requests + random.normal(0, number / 500, number)).astype(np.int32)
        )[:labels]
        seconds, pairs, peak = stored.feed(batches(order, size, labels=True))
        assert pairs == labels
        print(line("join", labels, seconds, stored, peak))
        stored.close()
        held = (Path(directory) / "modeltail.db").stat().st_size
        del stored
        seconds, remembered = restarted(Path(directory))
        assert remembered == number
    print(f"in storage {held / number:.0f} bytes each; a restart takes {seconds:.2f} s")
    if not options.no_dict:
        seconds, memory = in_a_dict(requests, size)
        print(
            f"a dict     {number / seconds:>10,.0f} /s {seconds / number * 1e6:6.2f} us, "
            f"to remember alone; {memory:,.0f} MB"
        )


def line(what: str, number: int, seconds: float, stored: Stored, peak: float) -> str:
    """Return how one half went."""
    return (
        f"{what:<10} {number / seconds:>10,.0f} /s {seconds / number * 1e6:6.2f} us, commits "
        f"{stored.commit_seconds / number * 1e6:.2f} us (longest "
        f"{stored.longest_commit * 1e3:.0f} ms); peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
