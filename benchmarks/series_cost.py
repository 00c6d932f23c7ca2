"""How many series a configuration costs: the formula, and what scrapes have.

    python -m benchmarks.series_cost

The formula of docs/performance.md against `modeltail scan` of made-up fleets whose logs hold ground
truth, confidence, latency and numeric features, with a reference. Its numbers are those by which
series grow when one thing after the other does.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.fleet.models import Size, write
from benchmarks.live.exporters import COMMAND

FLEETS = (
    Size(models=1, versions=1, features=2, classes=3, windows=1),
    Size(models=2, versions=1, features=2, classes=3, windows=1),
    Size(models=1, versions=2, features=2, classes=3, windows=1),
    Size(models=1, versions=1, features=9, classes=3, windows=1),
    Size(models=1, versions=1, features=2, classes=7, windows=1),
    Size(models=1, versions=1, features=2, classes=3, windows=3),
    Size(models=2, versions=2, features=5, classes=3, windows=2),
    Size(models=5, versions=2, features=20, classes=3, windows=3),
    Size(models=3, versions=3, features=10, classes=6, windows=3),
)


def formula(size: Size) -> int:
    """Return the series that a fleet is said to cost."""
    features, classes, windows = size.features, size.classes, size.windows
    version = 128 + 41 * windows + features * (52 + 7 * windows)
    version += classes * (classes + 2 + 4 * windows)
    model = 106 + 2 * windows + classes + 52 * features + size.versions * version
    return 53 + size.models * model


def series(size: Size) -> int:
    """Return how many samples a scrape has."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), size, time.time())
        done = subprocess.run(
            [*COMMAND, "scan", "--config.file", path], check=True, capture_output=True, text=True
        )
    return sum(bool(line) and not line.startswith("#") for line in done.stdout.splitlines())


def main() -> int:
    """Print both for each fleet; return 1 if they are more than a hundredth apart."""
    print("models versions features classes windows   series  formula   ratio")
    apart = 0.0
    for size in FLEETS:
        found, said = series(size), formula(size)
        apart = max(apart, abs(found / said - 1))
        print(
            f"{size.models:6} {size.versions:8} {size.features:8} {size.classes:7} "
            f"{size.windows:7} {found:8} {said:8} {found / said:7.3f}",
            flush=True,
        )
    return int(apart > 0.01)


if __name__ == "__main__":
    raise SystemExit(main())
