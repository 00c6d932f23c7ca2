"""How fast predictions are remembered and joined with their labels, and how much memory waits.

Beside it a dict of the same values by request id, which is what a service would write itself.

Run: ``python benchmarks/label_join.py [--pending N] [--batch N]``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np
import psutil

from exporter.event_time import EventTime
from exporter.joining.join import Join
from exporter.records import Categorical, RecordBatch, Scores
from exporter.windows import Window

NOW = 1_700_000_000.0
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
CLASSES = ("no", "yes")


def batches(requests: Sequence[int], size: int, *, labels: bool) -> Iterator[RecordBatch]:
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
                request_id=tuple(f"request-{number}" for number in some),
            )
        )


def resident() -> float:
    """Return the memory in use, in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    """Print rates of both, and what waiting predictions take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=4_000)
    options = parser.parse_args()
    order = np.random.default_rng(1).permutation(options.pending).tolist()
    join, begun, remembering, joining, pairs = Join(WINDOWS), resident(), 0.0, 0.0, 0
    for batch in batches(range(options.pending), options.batch, labels=False):
        before = time.process_time()
        join.update(batch, NOW)
        remembering += time.process_time() - before
    held = resident()
    for batch in batches(order, options.batch, labels=True):
        before = time.process_time()
        joined = join.update(batch, NOW).joined
        joining += time.process_time() - before
        pairs += 0 if joined is None else len(joined)
    assert pairs == options.pending
    known: dict[str, tuple[float, str, str, float, float, float]] = {}
    dict_begun, simply = resident(), 0.0
    for batch in batches(range(options.pending), options.batch, labels=False):
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
        simply += time.process_time() - before
    dict_held = resident()
    number = options.pending
    print(f"{number:,} predictions, their labels in random order, batches of {options.batch:,}")
    print(f"remember   {number / remembering:>12,.0f} /s  {remembering / number * 1e6:6.2f} us")
    print(f"join       {number / joining:>12,.0f} /s  {joining / number * 1e6:6.2f} us")
    print(f"memory     {held - begun:>12,.0f} MB  {(held - begun) * 1e6 / number:6.0f} bytes each")
    print(
        f"a dict     {number / simply:>12,.0f} /s  {simply / number * 1e6:6.2f} us, remember alone"
    )
    size = dict_held - dict_begun
    print(f"its memory {size:>12,.0f} MB  {size * 1e6 / number:6.0f} bytes each")


if __name__ == "__main__":
    main()
