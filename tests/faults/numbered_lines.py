"""Lines that can be told apart, and what comes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.commands.exporter_process import ExporterProcess
from tests.faults.logging_service import Truth


class NumberedLines:
    """Appends to a log; what it wrote is the truth.

    Parameters
    ----------
    path
        The log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number = 0

    def write(self, lines: int, classes: int = 7) -> Truth:
        """Append so many lines of so many classes, and return what was written by that."""
        first = self._number
        self._number += lines
        numbers = range(first, self._number)
        with self.path.open("a") as log:
            log.writelines(f"{json.dumps(record(n, classes))}\n" for n in numbers)
        return truth(numbers, classes)


def record(number: int, classes: int) -> dict[str, object]:
    """Return the record of a number."""
    return {
        "prediction": f"class {number % classes}",
        "model_version": str(number % 2),
        "confidence": number % 100 / 100,
        "n": number,
    }


def truth(numbers: Iterable[int], classes: int) -> Truth:
    """Return what is to be counted of the records of some numbers."""
    result = Truth()
    result.written.update((f"class {n % classes}", str(n % 2), n % 100 / 100) for n in numbers)
    return result


def total(*parts: Truth) -> Truth:
    """Return everything together."""
    result = Truth()
    for part in parts:
        result.written.update(part.written)
    return result


def value(exporter: ExporterProcess, name: str) -> float:
    """Return the value of the only series of a metric; 0 if there is none."""
    return exporter.scrape().get((name,), 0.0)
