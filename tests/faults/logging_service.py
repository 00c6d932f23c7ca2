"""A process that writes and rotates a log, and what it says to have written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.utils import INF, floatToGoString

CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0, INF)


@dataclass
class Truth:
    """What was written.

    Attributes
    ----------
    written
        Records, none with a timestamp, by class, version and confidence.
    rejected, skipped
        Lines that are no JSON, and empty ones.
    rotations
        By kind.
    """

    written: Counter[tuple[str, str, float]] = field(default_factory=Counter)
    rejected: int = 0
    skipped: int = 0
    rotations: dict[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """All complete lines."""
        return self.written.total() + self.rejected + self.skipped

    def counters(self) -> dict[tuple[str, ...], float]:
        """Return what `modeltail` has to show of a model named bot, by name and label values."""
        shown: Counter[tuple[str, ...]] = Counter()
        for (predicted, version, confidence), number in self.written.items():
            shown["model_predictions_total", predicted, "bot", version] += number
            shown["model_confidence_count", "bot", version] += number
            for bound in CONFIDENCE_BUCKETS:
                series = ("model_confidence_bucket", floatToGoString(bound), "bot", version)
                shown[series] += number * (confidence <= bound)
        shown["modeltail_lines_total", "bot"] = self.lines
        shown["modeltail_records_parsed_total", "bot"] = self.written.total()
        shown["modeltail_records_rejected_total", "not_json", "bot"] = self.rejected
        shown["modeltail_lines_skipped_total", "empty", "bot"] = self.skipped
        undated = ("model_field_violations_total", "timestamp", "bot", "missing")
        shown[undated] = self.written.total()
        return {series: float(number) for series, number in shown.items()}


def differences(
    truth: Truth, shown: Mapping[tuple[str, ...], float]
) -> dict[tuple[str, ...], tuple[float, float]]:
    """Return, by series, truth and figure where they are not the same; 0 stands for none."""
    expected = truth.counters()
    names = {series[0] for series in expected}
    # Series of which nothing was ever counted may be there, or not.
    every = expected.keys() | {series for series in shown if series[0] in names}
    pairs = {series: (expected.get(series, 0.0), shown.get(series, 0.0)) for series in every}
    return {series: pair for series, pair in pairs.items() if pair[0] != pair[1]}


class LoggingService:
    """Runs writer.py in a process of its own.

    Parameters
    ----------
    folder
        Of app.log.
    ways
        How it is rotated; see writer.py.
    seed
        Of all that is left to chance.
    """

    def __init__(self, folder: Path, ways: tuple[str, ...], seed: int) -> None:
        program = str(Path(__file__).with_name("writer.py"))
        self._process = subprocess.Popen(
            [sys.executable, program, str(folder), ",".join(ways), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _said(self, text: str) -> Truth:
        answer = json.loads(text)
        written = {tuple(json.loads(key)): number for key, number in answer["written"].items()}
        others = answer.get("rejected", 0), answer.get("skipped", 0)
        return Truth(Counter(written), *others, answer["rotations"])

    def tell(self, command: str) -> Truth:
        """Send a command (``pause``, ``go``, ``prune``) and return what was written until then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._said(self._process.stdout.readline())

    def end(self) -> Truth:
        """End it and return what it wrote in all."""
        text, _ = self._process.communicate(timeout=30)
        assert self._process.returncode == 0
        return self._said(text)

    def close(self) -> None:
        """Kill it if it still runs."""
        self._process.kill()
        self._process.communicate()
