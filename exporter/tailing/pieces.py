"""What reading hands on."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.tailing.lines import Lines


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines read from one file or stream in one turn.

    Attributes
    ----------
    first_line
        1-based number of the first line in its file; ``None`` where reading began at the end. That
        of a stream counts from when it was opened.
    too_long
        Lines dropped for their length, beside `lines`. Neither may be there: only a part of a line
        was read, or what an earlier run has read was passed over.
    header
        The first line of the file, where somebody asked for it and it is there.
    """

    path: str
    first_line: int | None
    lines: Lines
    too_long: int
    header: bytes | None = None
