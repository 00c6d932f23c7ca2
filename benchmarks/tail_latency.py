"""How long it takes from a line written to a log until it is visible on /metrics.

    python benchmarks/tail_latency.py [--appends 60]

modeltail with a snapshot a second and with one every 100 ms, and mtail (Debian: apt-get install
mtail) as it is configured by default, all running at the same time; they take turns. A line is
appended at a random moment, then /metrics is asked for every few milliseconds until its counter
shows the line: what asking takes is part of the figure, for all of them alike.

Goals: p99 below the publishing interval plus 100 ms; with 100 ms below 250 ms, and below mtail's.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from live.exporters import HINT, LINE, PAUSE, Exporter, append, modeltail, mtail, mtail_path

SETTLE_LINES = 3


def visible_after(exporter: Exporter, log: Path, shown: int) -> float:
    """Append a line and return the seconds until it is shown, `shown` lines being shown now."""
    begun = time.perf_counter()
    append(log)
    exporter.wait_for(shown + 1, 30.0, pause=0.002)
    return time.perf_counter() - begun


def measure(contenders: list[tuple[Exporter, Path]], appends: int) -> dict[str, list[float]]:
    rng = random.Random(0)
    seconds: dict[str, list[float]] = {exporter.name: [] for exporter, _ in contenders}
    for _ in range(appends):
        for exporter, log in contenders:
            PAUSE.wait(rng.random())
            seconds[exporter.name].append(visible_after(exporter, log, exporter.lines()))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        contenders = []
        for title, interval in (("modeltail, 1s", "1s"), ("modeltail, 100ms", "100ms")):
            log = folder / interval / "app.jsonl"
            log.parent.mkdir()
            started = modeltail(log.parent, str(log), title, publish_interval=interval)
            contenders.append((running.enter_context(started), log))
        if mtail_path() is None:
            print(HINT)
        else:
            log = folder / "mtail" / "app.jsonl"
            log.parent.mkdir()
            log.touch()
            contenders.append((running.enter_context(mtail(log.parent, str(log))), log))
        for exporter, log in contenders:
            append(log, LINE * SETTLE_LINES)
            exporter.wait_for(SETTLE_LINES)
        measured = measure(contenders, arguments.appends)
    print(f"append to visible on /metrics, ms, {arguments.appends} appends each")
    print(f"{'':18} {'p50':>7} {'p99':>7} {'max':>7} {'p99 / mtail':>12}")
    peer = measured.get("mtail")
    for title, seconds in measured.items():
        p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
        ratio = f"{p99 / np.quantile(peer, 0.99) / 1000:12.2f}" if peer else ""
        print(f"{title:18} {p50:7.0f} {p99:7.0f} {max(seconds) * 1000:7.0f} {ratio}")


if __name__ == "__main__":
    main()
