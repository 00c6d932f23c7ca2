"""Lines that could not be decoded, for people to look at: in memory, never in a metric."""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 20
"""Of each source."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Lines of one reading that were rejected for one reason.

    Attributes
    ----------
    time
        Unix seconds at which they were read.
    path
        Of the file.
    reason
        As in `modeltail_records_rejected_total`.
    count
        How many there were.
    problem
        What is wrong with one of them, which it may quote.
    """

    time: float
    path: str
    reason: str
    count: int
    problem: str
