"""Looks at all servers now and then, in a thread of its own, so that nobody waits.

Reading /proc may hang with the process that is read. Then all servers count as failed, until it
goes on: nothing can end a thread that hangs in the kernel.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from exporter.draining import drained
from exporter.servers import finding, pid_file
from exporter.servers.sampling import (
    DeniedError,
    GoneError,
    Listed,
    Process,
    ProcessTable,
    Reason,
    Sample,
    SampleError,
)

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

LIST_SECONDS = 15.0
"""How long found processes are good for: listing them means to look at all of the system."""
TIMEOUT_SECONDS = 10.0
_STALE_SECONDS = 5.0
"""By so much the start of a process may seem to be later than the file that it wrote: the system
knows the time of its own start to the second only."""


@dataclass
class Server:
    """A server to look at, by one of `pid_file` and `command`.

    Attributes
    ----------
    every
        Seconds between looks.
    """

    model: str
    pid_file: Path | None
    command: re.Pattern[str] | None
    every: float
    due: float = field(default=float("-inf"), init=False)
    listed: float = field(default=float("-inf"), init=False)
    listed_at: float = field(default=0.0, init=False)
    roots: tuple[int, ...] = field(default=(), init=False)
    members: tuple[int, ...] = field(default=(), init=False)
    begun: float | None = field(default=None, init=False)
    given_up: bool = field(default=False, init=False)
    failing: Reason | None = field(default=None, init=False)


class Sampler:
    """Runs the looks.

    Parameters
    ----------
    servers
        What is looked at.
    table
        Makes the table of processes; called in the thread that looks, and only if there is a
        server.
    clock, monotonic
        Unix seconds, and seconds that go by evenly.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        table: Callable[[], ProcessTable],
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        self._servers = tuple(servers)
        self._make_table = table
        self._table: ProcessTable | None = None
        self._clock = clock
        self._monotonic = monotonic
        self._listing: tuple[float, Mapping[int, Listed]] | None = None
        self._results: SimpleQueue[Sample] = SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin; the first looks are at once."""
        if self._servers:
            # A hanging look must not keep the process from ending.
            threading.Thread(target=self._run, name="servers", daemon=True).start()

    def stop(self) -> None:
        """End; a look under way is left behind."""
        self._stopping.set()

    def once(self) -> None:
        """Look at each once, and wait until it is done or takes too long."""
        if self._servers:
            looks = threading.Thread(target=self.look, daemon=True)
            looks.start()
            looks.join(TIMEOUT_SECONDS)

    def results(self) -> list[Sample]:
        """Return what was found since the last call; never waits."""
        self._give_up_late_ones()
        return drained(self._results)

    def look(self) -> None:
        """Look at the servers that are due, one after the other."""
        begun = self._monotonic()
        # One listing serves all that need one in this turn.
        self._listing = None
        due = [server for server in self._servers if server.due <= begun]
        with self._lock:
            for server in due:
                server.begun, server.given_up = begun, False
        for server in due:
            self._look_at(server)
            server.due = begun + server.every

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            due = min(server.due for server in self._servers)
            self._stopping.wait(max(0.0, due - self._monotonic()))

    def _look_at(self, server: Server) -> None:
        message = ""
        try:
            processes = self._found(server)
            sample = Sample(server.model, self._clock(), processes, server.listed_at)
        except SampleError as error:
            sample, message = Sample(server.model, self._clock(), reason=error.reason), str(error)
        except Exception as error:
            # One that nobody foresees must not end the looks.
            logger.exception("server of %s: the look failed", server.model)
            sample, message = Sample(server.model, self._clock(), reason="unreadable"), str(error)
        with self._lock:
            server.begun = None
            self._report(server, sample, message)

    def _found(self, server: Server) -> tuple[Process, ...]:
        if server.pid_file is not None:
            # The file is cheap to read and may name another one at any time.
            root = self._claimed(server.pid_file)
            if server.roots != (root,):
                server.roots, server.listed = (root,), float("-inf")
        listed = self._monotonic() - server.listed >= LIST_SECONDS
        if listed:
            self._list(server)
        processes = self._processes(server)
        if server.members and not listed and not _alive(processes):
            # Whatever has ended it may have started it again.
            self._list(server)
            processes = self._processes(server)
        if not _alive(processes):
            raise SampleError("not_running", "no process was found")
        return processes

    def _claimed(self, path: Path) -> int:
        """Return the number in a file, if the process that it belongs to runs."""
        claim = pid_file.read(path)
        try:
            process = self._system.process(claim.pid)
        except GoneError:
            raise SampleError("not_running", f"{path}: process {claim.pid} has ended") from None
        except DeniedError as error:
            raise SampleError("permission_denied", f"{path}: {error}") from error
        if process.zombie:
            raise SampleError("not_running", f"{path}: process {claim.pid} has ended")
        if process.created > claim.written + _STALE_SECONDS:
            raise SampleError(
                "pid_file_stale",
                f"{path}: process {claim.pid} began after the file was written: another program",
            )
        return claim.pid

    def _list(self, server: Server) -> None:
        if self._listing is None:
            listed_at = self._clock()
            try:
                self._listing = (listed_at, self._system.listing())
            except DeniedError as error:
                raise SampleError("permission_denied", str(error)) from error
        server.listed_at, listing = self._listing
        server.listed = self._monotonic()
        if server.command is not None:
            server.roots = tuple(finding.matching(listing, server.command))
        server.members = tuple(finding.descendants(listing, server.roots))

    def _processes(self, server: Server) -> tuple[Process, ...]:
        found = []
        for pid in server.members:
            try:
                found.append(self._system.process(pid))
            except (GoneError, DeniedError):
                # It has ended, or changed its user, since it was listed.
                continue
        return finding.still_related(found, server.roots)

    @property
    def _system(self) -> ProcessTable:
        if self._table is None:
            self._table = self._make_table()
        return self._table

    def _give_up_late_ones(self) -> None:
        with self._lock:
            now = self._monotonic()
            for server in self._servers:
                late = server.begun is not None and now - server.begun >= TIMEOUT_SECONDS
                if late and not server.given_up:
                    server.given_up = True
                    sample = Sample(server.model, self._clock(), reason="timeout")
                    self._report(server, sample, f"no end after {TIMEOUT_SECONDS:g} s")

    def _report(self, server: Server, sample: Sample, message: str) -> None:
        reason = sample.reason
        if reason is None and any(process.denied for process in sample.processes):
            reason, message = "permission_denied", "some figures may not be read"
        if reason is None:
            if server.failing is not None:
                logger.info("server of %s: up again", server.model)
        else:
            # The log has the first of a row of failures; the counter has them all.
            level = logging.DEBUG if server.failing == reason else logging.WARNING
            logger.log(level, "server of %s: %s (%s)", server.model, message, reason)
        server.failing = reason
        self._results.put(sample)


def _alive(processes: Sequence[Process]) -> bool:
    return any(not process.zombie for process in processes)
