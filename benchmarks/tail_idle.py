"""What ten thousand matched files cost to which nobody writes.

    python benchmarks/tail_idle.py [--files 10000] [--seconds 30]

CPU time in percent of a core, and resident memory, of modeltail with inotify, of modeltail that
polls (`watch: poll`), and of mtail (Debian: apt-get install mtail) as it is configured by default;
one after the other on the same files, once each has read all of them. Nobody scrapes meanwhile.

Goals: below 1 % with inotify, below 5 % polling.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

from live.exporters import HINT, LINE, PAUSE, Exporter, append, modeltail, mtail, mtail_path

SETTLE_SECONDS = 12.0


def measure(exporter: Exporter, lines: int, seconds: float) -> tuple[float, float]:
    """Return percent of a core, and MB, once it has read a number of lines and come to rest."""
    exporter.wait_for(lines, pause=1.0)
    PAUSE.wait(SETTLE_SECONDS)
    begun, used = time.monotonic(), exporter.cpu_seconds()
    PAUSE.wait(seconds)
    share = (exporter.cpu_seconds() - used) / (time.monotonic() - begun)
    return 100 * share, exporter.resident_mb()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        logs = [folder / "logs" / f"app-{number}.jsonl" for number in range(arguments.files)]
        for log in logs:
            log.write_bytes(LINE)
        glob = str(folder / "logs" / "*.jsonl")
        print(f"{arguments.files} idle files, {arguments.seconds:.0f} s")
        print(f"{'':18} {'CPU %':>7} {'RSS MB':>7}")
        contenders: list[tuple[str, AbstractContextManager[Exporter], int]] = [
            ("modeltail, inotify", modeltail(folder / "auto", glob), arguments.files),
            ("modeltail, polling", modeltail(folder / "poll", glob, watch="poll"), arguments.files),
        ]
        if mtail_path() is None:
            print(HINT)
        else:
            # It begins at the end; a line written later shows that it is there.
            contenders.append(("mtail", mtail(folder / "mtail", glob), 1))
        for title, started, lines in contenders:
            with started as exporter:
                if title == "mtail":
                    PAUSE.wait(SETTLE_SECONDS)
                    append(logs[0])
                share, memory = measure(exporter, lines, arguments.seconds)
            print(f"{title:18} {share:7.2f} {memory:7.0f}")


if __name__ == "__main__":
    main()
