"""How close the accuracy comes that is estimated without labels.

A reference, a log and its labels are given; chunk by chunk the estimate is compared with what was
realised. Beside it the share of chunks, drawn anew from the log, whose accuracy is in the band.

Run: ``python benchmarks/estimation.py REFERENCE LOG LABELS [--chunk N] [--resamples N]``
(JSON lines, .gz or not; LABELS has `request_id` and `true_label`)
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exporter.estimation.reliability import CELLS, Reliability, cells_of
from exporter.event_time import EventTime
from exporter.parsing.json_lines import JsonLines


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def main() -> None:
    """Print estimates and realised accuracies."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("reference", "log", "labels"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--chunk", type=int, default=5_000)
    parser.add_argument("--resamples", type=int, default=1_000)
    options = parser.parse_args()
    batch = JsonLines().parse([*map(bytes.rstrip, lines(options.reference))], 4e9).batch
    curve = Reliability.of(EventTime((), replay=True).place(batch)).curve
    truth = {one["request_id"]: one["true_label"] for one in map(json.loads, lines(options.labels))}
    records: list[dict[str, Any]] = [*map(json.loads, lines(options.log))]
    cells = cells_of(np.array([record["confidence"] for record in records]))
    right = np.array([record["prediction"] == truth[record["request_id"]] for record in records])

    def estimate(rows: Any) -> tuple[float, float, float]:
        return curve.estimate(np.bincount(cells[rows], minlength=CELLS))

    errors = []
    for first in range(0, len(records), options.chunk):
        rows = slice(first, first + options.chunk)
        mean, low, high = estimate(rows)
        realised = right[rows].mean()
        errors.append(mean - realised)
        band = f"{mean:.4f} [{low:.4f}, {high:.4f}]"
        print(f"{first:>8,}  estimated {band}  realised {realised:.4f}")
    print(
        f"mean absolute error {np.abs(errors).mean():.4f}, mean signed error {np.mean(errors):+.4f}"
    )
    random, inside = np.random.default_rng(1), 0
    for _ in range(options.resamples):
        rows = random.integers(0, len(records), options.chunk)
        _, low, high = estimate(rows)
        inside += low <= right[rows].mean() <= high
    print(
        f"in the band: {inside / options.resamples:.1%} of {options.resamples:,} chunks drawn anew"
    )


if __name__ == "__main__":
    main()
