"""What a command line names, read once to its end: paths, globs, ``-``, ``.gz``, FIFOs."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from exporter.errors import UsageError
from exporter.tailing.gzipped import GzipStream
from exporter.tailing.lines import LineAssembler, Lines
from exporter.tailing.plain import PlainStream

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    r"""Some complete lines of a file.

    Attributes
    ----------
    name
        The file, ``<stdin>`` for standard input.
    first_line
        1-based number of the first line of `lines`.
    lines
        Without their line ends.
    too_long
        Lines dropped since the block before, because they exceed 1 MiB.
    header
        The first line of the file; ``None`` if that was too long.
    """

    name: str
    first_line: int
    lines: Lines
    too_long: int = 0
    header: bytes | None = field(default=None, compare=False)


def expand(patterns: Sequence[str]) -> list[str]:
    """Return the files that paths and globs name, each once, in order.

    Raises
    ------
    UsageError
        If a pattern names nothing, or something that is no file.
    """
    names: dict[str, None] = {}
    for pattern in patterns:
        if pattern == "-":
            names[pattern] = None
            continue
        found = (
            [pattern] if os.path.lexists(pattern) else sorted(glob.glob(pattern, recursive=True))
        )
        if not found:
            raise UsageError(f"{pattern}: no such file")
        for name in found:
            if not Path(name).is_dir():
                names[name] = None
            elif name == pattern:
                raise UsageError(f"{name}: is a directory; name files, for example {name}/*.log")
    return list(names)


def read_blocks(
    patterns: Sequence[str], block_bytes: int = BLOCK_BYTES, stdin: BinaryIO | None = None
) -> Iterator[Block]:
    """Yield the lines of all files.

    Raises
    ------
    UsageError
        If a file can't be read, or a .gz file is none or cut short.
    """
    for name in expand(patterns):
        if name == "-":
            stream = stdin or sys.stdin.buffer
            yield from _blocks("<stdin>", partial(stream.read, block_bytes))
            continue
        kind: type[GzipStream | PlainStream] = GzipStream if name.endswith(".gz") else PlainStream
        try:
            if Path(name).is_fifo():
                with Path(name).open("rb") as fifo:
                    yield from _blocks(name, partial(fifo.read1, block_bytes))
                continue
            file = kind.open(name)
            try:
                yield from _blocks(name, partial(_read, file, block_bytes))
            finally:
                file.close()
        except OSError as error:
            raise UsageError(f"{name}: {error.strerror}") from error
        if isinstance(file, GzipStream) and file.broken:
            raise UsageError(f"{name}: not a gzip file, or cut short after {file.offset} bytes")


def _read(file: GzipStream | PlainStream, block_bytes: int) -> bytes:
    # A file that is truncated while it is read ends there.
    return file.read(block_bytes) or b""


def _blocks(name: str, read: Callable[[], bytes]) -> Iterator[Block]:
    assembler = LineAssembler()
    number = 1
    dropped = 0
    header: bytes | None = None
    while True:
        data = read()
        lines = assembler.feed(data) if data else assembler.flush()
        too_long = assembler.too_long - dropped
        if number == 1 and lines and not too_long:
            header = lines.data.partition(b"\n")[0]
        if lines or too_long:
            yield Block(name, number, lines, too_long, header)
        number += len(lines) + too_long
        dropped = assembler.too_long
        if not data:
            return
