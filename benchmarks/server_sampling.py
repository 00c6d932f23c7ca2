"""What it costs to look at a model server among the other processes of a machine.

    python benchmarks/server_sampling.py [--processes 300] [--workers 8] [--looks 240]

CPU time of one look in microseconds, on average over looks 5 s apart by a clock that is set, and
what that makes of a core. Against it what is usually written: `psutil.process_iter` over all
processes at each look, and the figures of those whose command line matches; and the same with the
figures of all processes asked for at once. Both find the same processes.

Goal: at most a tenth of the usual way.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable

import psutil

from exporter.servers.process_table import SystemProcesses
from exporter.servers.sampler import Sampler, Server

EVERY_SECONDS = 5.0
NAME = "model-server-of-the-benchmark"
PATTERN = re.compile(NAME)
MAIN = """
import os, signal, sys
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        break
signal.pause()
"""
FIGURES = ("cpu_times", "memory_info", "num_threads", "num_fds", "io_counters", "create_time")


class Ours:
    """The exporter's sampler, at times of its own."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sampler = Sampler(
            [Server("m", None, PATTERN, EVERY_SECONDS)],
            lambda: SystemProcesses(commands=True),
            time.time,
            lambda: self._now,
        )

    def look(self) -> int:
        """Look once more, five seconds later; return how many processes were found."""
        self._now += EVERY_SECONDS
        self._sampler.look()
        return len(self._sampler.results()[0].processes)


def usual() -> int:
    """Look for those that match, then at their figures."""
    found = 0
    for process in psutil.process_iter(["pid", "ppid", "cmdline"]):
        if PATTERN.search(" ".join(process.info["cmdline"] or ())):
            process.as_dict(list(FIGURES))
            found += 1
    return found


def usual_at_once() -> int:
    """Ask for the figures of all processes, as many examples do."""
    asked = ["pid", "ppid", "cmdline", *FIGURES]
    return sum(
        PATTERN.search(" ".join(process.info["cmdline"] or ())) is not None
        for process in psutil.process_iter(asked)
    )


def measure(look: Callable[[], int], looks: int, expected: int) -> float:
    """Return microseconds of CPU time for a look."""
    found = look()
    if found != expected:
        raise SystemExit(f"found {found} processes instead of {expected}")
    begun = time.process_time()
    for _ in range(looks):
        look()
    return (time.process_time() - begun) / looks * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--looks", type=int, default=240)
    arguments = parser.parse_args()
    others = [subprocess.Popen(["sleep", "600"]) for _ in range(arguments.processes)]
    server = subprocess.Popen([sys.executable, "-c", MAIN, NAME, str(arguments.workers)])
    main_process = psutil.Process(server.pid)
    try:
        while len(main_process.children()) < arguments.workers:
            pass
        expected = 1 + arguments.workers
        print(f"{len(psutil.pids())} processes, {expected} of the server")
        print(f"{'':34} {'us a look':>10} {'% of a core':>12}")
        for title, look in (
            ("modeltail", Ours().look),
            ("psutil, those that match", usual),
            ("psutil, all at once", usual_at_once),
        ):
            spent = measure(look, arguments.looks, expected)
            print(f"{title:34} {spent:10.0f} {spent / EVERY_SECONDS / 1e4:12.3f}")
    finally:
        for child in main_process.children():
            child.kill()
        for process in (*others, server):
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
