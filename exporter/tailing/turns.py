"""What one turn of reading a file brings."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.tailing.lines import Lines
from exporter.tailing.positions import Position


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of reading brought.

    Attributes
    ----------
    number
        Bytes read.
    lines
        The lines that they complete.
    first_line
        1-based number of the first of them; ``None`` where reading began at the end of the file.
    too_long
        Lines dropped for their length, beside `lines`.
    passed
        Whether bytes were passed over that an earlier run has read.
    lost
        How far the content was read, if it is not there any more; the next turn begins anew.
    cut
        Bytes that were known to be there, were not read, and were cut off.
    """

    number: int
    lines: Lines
    first_line: int | None
    too_long: int
    passed: bool = False
    lost: Position | None = None
    cut: int = 0
