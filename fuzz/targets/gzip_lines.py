"""Bytes of a .gz file, whole and not."""

from __future__ import annotations

import tempfile
from pathlib import Path

from exporter.errors import UsageError
from exporter.tailing.inputs import read_blocks

_FOLDER = tempfile.TemporaryDirectory(prefix="modeltail-fuzz-")
_MOST_LINES = 1_000_000


def fuzz(data: bytes) -> None:
    """Read lines of it."""
    path = Path(_FOLDER.name) / "bot.log.gz"
    path.write_bytes(data)
    number = 0
    try:
        for block in read_blocks([str(path)]):
            number += len(block.lines)
            if number > _MOST_LINES:
                return
    except UsageError as error:
        assert str(path) in str(error), error
