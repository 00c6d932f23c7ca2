"""What one look at a dependency tells, and what may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Reason = Literal["not_found", "unreadable", "unreachable", "status", "timeout", "schema"]
REASONS: tuple[Reason, ...] = (
    "not_found", "unreadable", "unreachable", "status", "timeout", "schema",
)  # fmt: skip
"""Why a look failed: known from the start, so that each has a series at 0."""


class ProbeError(Exception):
    """A look failed.

    Attributes
    ----------
    reason
        Which kind of failure it was.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Seen:
    """A dependency as it was found.

    Attributes
    ----------
    changed
        Unix seconds of its last change, where it says so itself.
    fingerprint
        Differs if the content does; for those that do not tell when they changed.
    size
        Bytes; ``None`` if it is not known.
    schema
        Hash of its schema; ``None`` if it has none, or nobody asked.
    """

    changed: float | None = None
    fingerprint: str | None = None
    size: int | None = None
    schema: str | None = None


class Probe(Protocol):
    """Looks at one dependency."""

    def look(self) -> Seen:
        """Look now; may take long, and is called by a thread of its own.

        Raises
        ------
        ProbeError
            If it is not there, or not as it should be.
        """


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one look.

    Attributes
    ----------
    name
        Of the dependency.
    time
        Unix seconds at which the look was over.
    seen
        What was found; ``None`` if it failed.
    reason
        Why it failed, else ``None``.
    """

    name: str
    time: float
    seen: Seen | None = None
    reason: Reason | None = None
