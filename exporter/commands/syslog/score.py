"""``modeltail syslog score``: the most anomalous lines of a log, and why."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappush, heapreplace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.printable import printable
from exporter.commands.streams import Streams
from exporter.commands.syslog.arguments import add_log_arguments, positive
from exporter.commands.syslog.model_files import online_model
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    import numpy as np
    from numpy.typing import NDArray

    from exporter.markov.online import OnlineModel
    from exporter.markov.recent_lines import RecentLines
    from exporter.markov.scored import Scored

DEFAULT_TOP = 10


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "score",
        help="rank the lines of a log by how anomalous they are",
        description="Rank the lines of a log by how anomalous they are, the most anomalous first: "
        "lines that are not expected where they are, that are new, or behind which one is missing. "
        "The model goes on learning from line to line. Give the files in the order of their time.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="what `modeltail syslog train` wrote (default: learn from the log itself)",
    )
    parser.add_argument(
        "--top",
        type=positive,
        default=DEFAULT_TOP,
        metavar="K",
        help=f"how many (default: {DEFAULT_TOP})",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="json: an object a line with file, line (from 1), host, kind, score (nats), pvalue, "
        "message and explanation",
    )
    add_log_arguments(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True, order=True)
class _Anomaly:
    score: float
    order: int
    """Of two that score the same the first one counts more."""
    file: str
    line: int
    host: str
    kind: str
    pvalue: float
    message: str
    explanation: str

    def as_json(self) -> str:
        return json.dumps(
            {
                "file": self.file,
                "line": self.line,
                "host": self.host,
                "kind": self.kind,
                "score": round(self.score, 3),
                "pvalue": None if isnan(self.pvalue) else float(f"{self.pvalue:.4g}"),
                "message": self.message,
                "explanation": self.explanation,
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        where = f"{self.file}:{self.line}"
        chance = "" if isnan(self.pvalue) else f"p={self.pvalue:.2g}"
        return (
            f"{self.score:6.1f}  {chance:<10} {self.kind:<10}  {where}  {self.host}\n"
            f"        {printable(self.message)}\n        {printable(self.explanation)}\n"
        )


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Score the files and print the highest scores."""
    # The command line starts without numpy.
    from exporter.markov.online import OnlineModel  # noqa: PLC0415
    from exporter.markov.recent_lines import RecentLines  # noqa: PLC0415
    from exporter.parsing.syslog_lines import syslog_parser  # noqa: PLC0415
    from exporter.tailing.inputs import read_blocks  # noqa: PLC0415

    model = online_model(arguments.model) if arguments.model else OnlineModel()
    parser = syslog_parser("score", "auto", arguments.timezone, arguments.leading_fields)
    ranking = _Ranking(arguments.top, model, RecentLines())
    received = time.time()
    parsed = 0
    with streams.progress("scoring") as progress:
        for block in progress.track(read_blocks(arguments.files, stdin=streams.stdin)):
            batch = parser.parse(block.lines, received).batch
            ranking.recent.add(
                model.detector.lines, batch.rows, batch.lines, block.name, block.first_line
            )
            ranking.add(*model.score(batch, batch.timestamp))
            parsed += len(batch)
    ranking.add(*model.finish())
    if not parsed:
        raise UsageError(f"{', '.join(arguments.files)}: no syslog message")
    for anomaly in ranking.best():
        streams.out.write(
            anomaly.as_text() if arguments.format == "text" else f"{anomaly.as_json()}\n"
        )
    return 0


class _Ranking:
    """The highest scores so far."""

    def __init__(self, top: int, model: OnlineModel, recent: RecentLines) -> None:
        self.recent = recent
        self._top = top
        self._model = model
        self._heap: list[_Anomaly] = []
        self._begun = model.detector.lines
        self._count = 0

    def add(self, scored: Scored, pvalues: NDArray[np.float64]) -> None:
        for row in self._rows(scored):
            anomaly = self._anomaly(scored, pvalues, row)
            if len(self._heap) < self._top:
                heappush(self._heap, anomaly)
            elif anomaly > self._heap[0]:
                heapreplace(self._heap, anomaly)

    def _rows(self, scored: Scored) -> Iterator[int]:
        """Yield those that may be among the highest; lines that the model was trained on are not.

        Such a line can still wait for those that follow it.
        """
        for row in (scored.position >= self._begun).nonzero()[0].tolist():
            if len(self._heap) < self._top or scored.score[row] > self._heap[0].score:
                yield row

    def _anomaly(self, scored: Scored, pvalues: NDArray[np.float64], row: int) -> _Anomaly:
        from exporter.markov.explanation import explanation  # noqa: PLC0415
        from exporter.markov.scored import Kind  # noqa: PLC0415

        place = self.recent.find(int(scored.position[row]))
        detector = self._model.detector
        self._count += 1
        return _Anomaly(
            score=float(scored.score[row]),
            order=-self._count,
            file=place.file if place else "",
            line=place.number if place else 0,
            host=detector.hosts.name(int(scored.host[row])),
            kind=Kind(int(scored.kind[row])).name.lower(),
            pvalue=float(pvalues[row]),
            message=place.line.decode("utf-8", "replace") if place else "",
            explanation=explanation(scored, row, detector.templates),
        )

    def best(self) -> list[_Anomaly]:
        return sorted(self._heap, reverse=True)
