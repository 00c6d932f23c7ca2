"""What a look at the processes of a model server tells, and what may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Reason = Literal[
    "not_running", "pid_file_missing", "pid_file_invalid", "pid_file_stale", "permission_denied",
    "timeout", "unreadable",
]  # fmt: skip
REASONS: tuple[Reason, ...] = (
    "not_running", "pid_file_missing", "pid_file_invalid", "pid_file_stale", "permission_denied",
    "timeout", "unreadable",
)  # fmt: skip
"""Why a look failed, in part or whole: known from the start, so that each has a series at 0."""


class SampleError(Exception):
    """A look failed.

    Attributes
    ----------
    reason
        Which kind of failure it was.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class GoneError(Exception):
    """There is no such process."""


class DeniedError(Exception):
    """There is such a process, and the exporter may not look at it."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since its start, or a server since it was first seen.

    Attributes
    ----------
    cpu
        Seconds, user and system.
    read, written
        Bytes from and to storage; ``None`` if nobody may know.
    """

    cpu: float
    read: int | None = None
    written: int | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process at one moment.

    Attributes
    ----------
    pid, parent
        Its number, and that of its parent.
    started
        Seconds from the start of the system to its own, which no setting of the clock changes.
    created
        Unix seconds of its start.
    use
        With that of its children that ended and that it waited for, as Linux adds them up.
    resident
        Bytes of memory, shared ones as well.
    fds
        Open file descriptors; ``None`` if nobody may know.
    fd_ratio
        Their share of its limit; ``None`` if nobody may know, or there is none.
    zombie
        Whether it has ended, and its parent has not noticed.
    denied
        Whether a figure is ``None`` for want of rights.
    """

    pid: int
    parent: int
    started: float
    created: float
    use: Use
    resident: int = 0
    threads: int = 0
    fds: int | None = 0
    fd_ratio: float | None = None
    zombie: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """The result of one look at a server.

    Attributes
    ----------
    model
        Whose server it is.
    time
        Unix seconds at which the look was over.
    processes
        All of them, zombies included; empty if the look failed.
    listed
        Unix seconds at which new processes were last searched for.
    reason
        Why it failed, else ``None``.
    """

    model: str
    time: float
    processes: tuple[Process, ...] = ()
    listed: float = 0.0
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A process of the system: its parent's number, and its command line, empty if unknown."""

    parent: int
    command: str


class ProcessTable(Protocol):
    """The processes of the system."""

    def listing(self) -> Mapping[int, Listed]:
        """Return all processes by their numbers, but for the exporter itself.

        Raises
        ------
        DeniedError
            If not even their numbers may be known.
        """

    def process(self, pid: int) -> Process:
        """Look at one.

        Raises
        ------
        GoneError, DeniedError
            If it is not there, or may not be looked at.
        """
