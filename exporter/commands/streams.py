"""What a command writes to."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    # The command line starts without numpy.
    from exporter.tailing.inputs import Block

_WIDTH = 80


class Progress:
    """Shows how far a command is.

    Parameters
    ----------
    advance
        Takes the number of lines, or whatever is counted, done since the last call.
    """

    def __init__(self, advance: Callable[[int], None]) -> None:
        self.advance = advance

    def track(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield the blocks; each counts as done when the next one is asked for."""
        for block in blocks:
            yield block
            self.advance(len(block.lines))


@dataclass(frozen=True, slots=True)
class Streams:
    """Standard streams, passed in so that tests need none.

    Attributes
    ----------
    out
        Results.
    err
        Messages to people.
    stdin
        Bytes, for ``-``.
    """

    out: TextIO
    err: TextIO
    stdin: BinaryIO

    @classmethod
    def standard(cls) -> Streams:
        """Return those of the process."""
        if isinstance(sys.stdout, TextIOWrapper):
            # What a log calls its features must not end a command where a terminal lacks a letter.
            sys.stdout.reconfigure(errors="replace")
        return cls(sys.stdout, sys.stderr, sys.stdin.buffer)

    @property
    def width(self) -> int:
        """Columns of the terminal that results are written to; 80 where there is none."""
        return shutil.get_terminal_size().columns if self.out.isatty() else _WIDTH

    @contextmanager
    def progress(
        self, description: str, *, total: int | None = None, unit: str = "lines"
    ) -> Iterator[Progress]:
        """Show how far a long command is: on a terminal, and nowhere else.

        Parameters
        ----------
        description
            What it does.
        total
            How much there is to do; then a bar shows the share, and the time that is left.
        unit
            Of what is counted.
        """
        if not self.err.isatty():
            yield Progress(lambda _: None)
            return
        # Imported late: most commands never show one.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            ProgressColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar  # noqa: PLC0415

        columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
        if total is None:
            columns += [TextColumn("{task.completed:,.0f} " + unit), TimeElapsedColumn()]
        else:
            columns += [BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()]
        with Bar(*columns, console=Console(file=self.err), transient=True) as bar:
            task = bar.add_task(description, total=total)
            yield Progress(lambda done: bar.advance(task, done))
