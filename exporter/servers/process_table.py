"""The processes of this system, by psutil."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from exporter.servers.sampling import DeniedError, GoneError, Listed, Process, Use

_READS = 5
"""How often a command line is read anew: a process that has just begun may run another program, or
give itself another title."""
_FORGET_LISTINGS = 40
"""After so many listings everything is read anew, should a number have come to another process."""


@dataclass(slots=True)
class _Entry:
    process: psutil.Process
    listed: Listed
    reads: int = 1


class SystemProcesses:
    """Looks at processes, and remembers of each what does not change.

    Listing them is cheap for that: of a process that has been there for a while nothing is read.

    Parameters
    ----------
    commands
        Whether anybody asks for command lines.
    """

    def __init__(self, *, commands: bool) -> None:
        self._commands = commands
        self._entries: dict[int, _Entry] = {}
        self._sampled: dict[int, tuple[psutil.Process, float]] = {}
        self._listings = 0

    def listing(self) -> Mapping[int, Listed]:
        """Return all processes by their numbers, but for the exporter itself."""
        self._listings += 1
        if self._listings % _FORGET_LISTINGS == 0:
            self._entries.clear()
        try:
            pids = set(psutil.pids())
        except PermissionError as error:
            raise DeniedError(str(error)) from error
        for pid in self._entries.keys() - pids:
            del self._entries[pid]
        for pid in self._sampled.keys() - pids:
            del self._sampled[pid]
        # The first processes have a parent that is none.
        parents = {0, *pids}
        for pid in pids - {os.getpid()}:
            try:
                self._refresh(pid, parents)
            except psutil.Error:
                # It went meanwhile, or is hidden from the exporter.
                self._entries.pop(pid, None)
        return {pid: entry.listed for pid, entry in self._entries.items()}

    def _refresh(self, pid: int, parents: set[int]) -> None:
        entry = self._entries.get(pid)
        if entry is None:
            process = psutil.Process(pid)
            self._entries[pid] = _Entry(process, self._read(process))
        elif entry.listed.parent not in parents:
            # Its parent has ended, and it has got another one.
            entry.listed = self._read(entry.process)
        elif self._commands and entry.reads < _READS:
            command = _command(entry.process)
            if command != entry.listed.command:
                entry.listed = Listed(entry.listed.parent, command)
            entry.reads += 1

    def _read(self, process: psutil.Process) -> Listed:
        return Listed(process.ppid(), _command(process) if self._commands else "")

    def process(self, pid: int) -> Process:
        """Look at one."""
        try:
            known = self._sampled.get(pid)
            if known is None or not known[0].is_running():
                # Of one that has ended the number may have come to another one.
                process = psutil.Process(pid)
                started = process.create_time() - psutil.boot_time()
                known = self._sampled[pid] = (process, started)
            return _look(*known)
        except (psutil.NoSuchProcess, ProcessLookupError) as error:
            self._sampled.pop(pid, None)
            if _is_hidden(pid):
                raise DeniedError(f"process {pid} is hidden from the exporter") from error
            raise GoneError(f"there is no process {pid}") from error
        except (psutil.AccessDenied, PermissionError) as error:
            raise DeniedError(f"process {pid} may not be looked at") from error


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.AccessDenied, psutil.ZombieProcess):
        # What has ended is listed until its parent takes over what it has used.
        return ""


def _is_hidden(pid: int) -> bool:
    """Return whether a process is there, though /proc does not show it (`hidepid`)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _look(process: psutil.Process, started: float) -> Process:
    with process.oneshot():
        created = process.create_time()
        times = process.cpu_times()
        # Only Linux tells of children that ended.
        waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        cpu = times.user + times.system + waited
        parent = process.ppid()
        if process.status() == psutil.STATUS_ZOMBIE:
            return Process(process.pid, parent, started, created, Use(cpu), zombie=True)
        refused = _Refusals()
        # Neither is there on every system.
        io = refused.unless(process.io_counters) if hasattr(process, "io_counters") else None
        fds = refused.unless(process.num_fds)
        limit = (
            refused.unless(lambda: process.rlimit(psutil.RLIMIT_NOFILE)[0])
            if hasattr(process, "rlimit")
            else None
        )
        return Process(
            process.pid,
            parent,
            started,
            created,
            Use(cpu, None, None) if io is None else Use(cpu, io.read_bytes, io.write_bytes),
            process.memory_info().rss,
            process.num_threads(),
            fds,
            fds / limit if fds is not None and limit is not None and limit > 0 else None,
            denied=refused.any,
        )


class _Refusals:
    def __init__(self) -> None:
        self.any = False

    def unless(self, read: Callable[[], Any]) -> Any:
        """Return what `read` returns, ``None`` if rights are missing."""
        try:
            return read()
        except (psutil.AccessDenied, PermissionError):
            self.any = True
            return None
