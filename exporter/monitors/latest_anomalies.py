"""The latest anomalies of system logs, to be looked at."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.markov.explanation import explanation, surprise
from exporter.markov.online import OnlineModel
from exporter.markov.recent_lines import RecentLines
from exporter.markov.reference import Compared
from exporter.markov.scored import Kind, Scored
from exporter.records import SyslogBatch

Floats = NDArray[np.float64]

MAX_ANOMALIES = 200
"""The latest ones are kept."""
CONTEXT_LINES = 3
INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A line that somebody may want to see.

    Attributes
    ----------
    number
        Of the anomaly since the start, from 1.
    time
        Of the line, Unix seconds.
    source, host, kind
        Whose, and what is wrong: unexpected, missing, novel or burst; or incident, the first line
        of one that the reference does not expect.
    alarm
        Whether it counts as an alarm or incident: on quiet days a few others are shown as well.
    score, pvalue
        Evidence in nats, and the share of earlier lines that scored as high; NaN for a burst. Of an
        incident the surprisal, and its p-value under the reference.
    message, context
        The line as it was read (of a missing one: the line before), and those around it as far as
        they are known: nothing follows the first line of an incident yet.
    explanation
        What was expected, and how improbable what came is.
    """

    number: int
    time: float
    source: str
    host: str
    kind: str
    alarm: bool
    score: float
    pvalue: float
    message: str
    context: tuple[str, ...]
    explanation: str


class LatestAnomalies:
    """The last :data:`MAX_ANOMALIES` of all sources."""

    def __init__(self) -> None:
        self._recent: dict[str, RecentLines] = {}
        self._anomalies: deque[Anomaly] = deque(maxlen=MAX_ANOMALIES)
        self._number = 0

    def read(self, batch: SyslogBatch, model: OnlineModel) -> None:
        """Take in lines that the model is to be shown next."""
        recent = self._recent.setdefault(batch.source, RecentLines())
        recent.add(model.detector.lines, batch.rows, batch.lines)

    def add_scored(
        self, source: str, model: OnlineModel, scored: Scored, pvalue: Floats, row: int, *,
        alarm: bool,
    ) -> None:  # fmt: skip
        """Add one of the lines that were scored."""
        line, context = self._lines(source, int(scored.position[row]))
        self._number += 1
        self._anomalies.append(
            Anomaly(
                number=self._number,
                time=float(scored.time[row]),
                source=source,
                host=model.detector.hosts.name(int(scored.host[row])),
                kind=Kind(int(scored.kind[row])).name.lower(),
                alarm=alarm,
                score=float(scored.score[row]),
                pvalue=float(pvalue[row]),
                message=line,
                context=context,
                explanation=explanation(scored, row, model.detector.templates),
            )
        )

    def add_incident(
        self, batch: SyslogBatch, model: OnlineModel, compared: Compared, row: int
    ) -> None:
        """Add a line of a batch, which the model has learned by now."""
        detector = model.detector
        line, context = self._lines(batch.source, detector.lines - len(batch) + row)
        self._number += 1
        self._anomalies.append(
            Anomaly(
                number=self._number,
                time=float(batch.event_time[row]),
                source=batch.source,
                host=batch.host.values[int(batch.host.codes[row])],
                kind=INCIDENT,
                alarm=True,
                score=float(compared.surprisal[row]),
                pvalue=float(compared.pvalue[row]),
                message=line,
                context=context,
                explanation=surprise(compared, row, detector.reference, detector.templates),
            )
        )

    def _lines(self, source: str, position: int) -> tuple[str, tuple[str, ...]]:
        recent = self._recent[source]
        place = recent.find(position)
        line = place.line.decode("utf-8", "replace") if place else ""
        around = recent.around(position, CONTEXT_LINES)
        return line, tuple(each.decode("utf-8", "replace") for each in around)

    def view(self) -> tuple[Anomaly, ...]:
        """Return them, newest first."""
        return tuple(reversed(self._anomalies))
