"""Processes that are none, and a clock to look at them by."""

from __future__ import annotations

import os
import threading

from exporter.servers.sampler import Sampler, Server
from exporter.servers.sampling import DeniedError, GoneError, Listed, Process, Use

BOOT = 1_000_000.0


class Table:
    """Processes by their numbers, with their command lines."""

    def __init__(self):
        self.processes = {}
        self.commands = {}
        self.denied = set()
        self.listings = 0
        self.looks = 0
        self.hang = None

    def add(self, pid, parent=1, command="", started=100.0, cpu=1.0, **fields):
        self.processes[pid] = Process(pid, parent, started, BOOT + started, Use(cpu), **fields)
        self.commands[pid] = command

    def end(self, *pids):
        for pid in pids:
            del self.processes[pid]

    def listing(self):
        self.listings += 1
        return {
            pid: Listed(process.parent, self.commands[pid])
            for pid, process in self.processes.items()
        }

    def process(self, pid):
        self.looks += 1
        if self.hang is not None:
            self.hang.wait(30)
        if pid in self.denied:
            raise DeniedError(f"process {pid} may not be looked at")
        if pid not in self.processes:
            raise GoneError(f"there is no process {pid}")
        return self.processes[pid]


class Looks:
    """A sampler of some servers and of a table, at times that a test sets."""

    def __init__(self, *servers: Server):
        self.table = Table()
        self.now = 0.0
        self.made = 0
        self.sampler = Sampler(servers, self._make, lambda: BOOT + self.now, lambda: self.now)

    def _make(self):
        self.made += 1
        return self.table

    def look(self, after=5.0):
        """Look again after some seconds, and return the numbers of processes, or the reason."""
        self.now += after
        self.sampler.look()
        return self.results()

    def results(self):
        found = [
            one.reason or sorted(process.pid for process in one.processes)
            for one in self.sampler.results()
        ]
        return found[0] if len(found) == 1 else found

    def hanging(self):
        """Look in a thread, and return it; its look waits for the event that comes with it."""
        self.table.hang = threading.Event()
        thread = threading.Thread(target=self.sampler.look, daemon=True)
        thread.start()
        return thread, self.table.hang


def write_pid(path, pid, age_from_boot=1000.0):
    """Write a pid file at a time."""
    path.write_text(f"{pid}\n")
    os.utime(path, (BOOT + age_from_boot,) * 2)
