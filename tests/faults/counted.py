"""What an exporter has counted by source, and lines that make a difference there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.commands.exporter_process import ExporterProcess, wait_until

CLASSES = 20


class Written:
    """What was written to a log; a line's number decides the class that it counts for."""

    def __init__(self) -> None:
        self.classes: Counter[str] = Counter()
        self.lines = 0

    def text(self, count: int, note: str = "") -> bytes:
        """Return new lines, which are to be counted."""
        text = b""
        for _ in range(count):
            self.lines += 1
            predicted = f"class {self.lines % CLASSES}"
            self.classes[predicted] += 1
            record = {"prediction": predicted, "n": self.lines, "note": note}
            text += json.dumps(record, ensure_ascii=False).encode() + b"\n"
        return text

    def append(self, path: Path, count: int) -> None:
        """Write new lines at the end of a file."""
        with path.open("ab", buffering=0) as file:
            file.write(self.text(count))


def counted(exporter: ExporterProcess) -> dict[str, tuple[float, Counter[str]]]:
    """Return lines and predictions by source, once it is sure that the books balance."""
    lines: Counter[str] = Counter()
    booked: Counter[str] = Counter()
    classes: dict[str, Counter[str]] = {}
    for (metric, *labels), value in exporter.scrape().items():
        if metric == "modeltail_lines_total":
            lines[labels[0]] = value
            classes.setdefault(labels[0], Counter())
        elif metric == "modeltail_records_parsed_total":
            booked[labels[0]] += value
        elif metric in ("modeltail_records_rejected_total", "modeltail_lines_skipped_total"):
            booked[labels[1]] += value
        elif metric == "model_predictions_total" and value:
            classes.setdefault(labels[1], Counter())[labels[0]] += value
    assert lines == booked
    return {source: (lines[source], classes[source]) for source in classes}


def wait_until_counted(exporter: ExporterProcess, source: str, written: Written) -> None:
    """Wait until as many lines were counted as were written; they must be the same."""

    def enough() -> bool:
        return counted(exporter)[source][0] >= written.lines

    wait_until(enough)
    assert counted(exporter)[source] == (written.lines, written.classes)
