"""Processor time, wall time and memory of a process that reads a log from end to end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took: seconds of processor and wall time, bytes of memory at most."""

    cpu: float
    wall: float
    resident: int


def run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[Cost, bytes]:
    """Run a command to its end; return its cost and its output.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    # Installed programs start from compiled modules, whatever the shell of a developer says.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**inherited, **environment},
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024), output
