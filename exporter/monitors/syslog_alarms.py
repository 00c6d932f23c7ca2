"""Lines that are too many, missing or new, and alarms at a rate that was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.markov.explanation import explanation
from exporter.markov.online import OnlineModel
from exporter.markov.recent_lines import RecentLines
from exporter.markov.scored import Kind, Scored
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.host_rows import HostRows
from exporter.placement import add_all, place
from exporter.records import Categorical, SyslogBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_ANOMALIES = 200
"""The latest ones are kept, to be looked at."""
CONTEXT_LINES = 3


class _Sum(IntEnum):
    SCORED = 0
    ALARMS = 1


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An alarm.

    Attributes
    ----------
    time
        Of the line, Unix seconds.
    source, host, kind
        Whose, and what is wrong: unexpected, missing, novel or burst.
    score, pvalue
        Evidence in nats, and the share of earlier lines that scored as high; NaN for a burst.
    message, context
        The line as it was read (of a missing one: the line before), and those around it; empty
        where they are not known any more.
    explanation
        What was expected, and how improbable what came is.
    """

    time: float
    source: str
    host: str
    kind: str
    score: float
    pvalue: float
    message: str
    context: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class _Learned:
    """What one source's model has come to."""

    alpha: float
    evaluable: bool
    lines: float
    templates: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class SyslogAlarmsView:
    """An immutable copy of the state.

    Attributes
    ----------
    hosts
        Number and label value of the hosts that have series.
    alpha
        float64[hosts], of the source that was read last; 0 where there is none.
    scored, alarms
        int64[hosts], and int64[hosts, kinds].
    sums
        For each window int64[hosts, 2].
    sources
        What each source's model has come to.
    anomalies
        The latest alarms, newest first.
    """

    hosts: dict[int, str]
    alpha: Floats
    scored: Integers
    alarms: Integers
    sums: tuple[RingView, ...]
    sources: dict[str, _Learned]
    anomalies: tuple[Anomaly, ...]


class SyslogAlarms:
    """Scores each line against what its source has logged so far, and goes on learning.

    An alarm is a line with p <= alpha, where p is the share of earlier lines of the source that
    scored as high (:mod:`exporter.markov.calibration`). There is none before 1 / alpha lines.

    Parameters
    ----------
    windows
        The configured windows.
    alphas
        By name of the source, the share of lines that may be alarms.
    states
        By name of the source, where there is one, what was learned before: a dumped
        :class:`exporter.markov.online.OnlineModel`.
    max_hosts
        How many hosts have series of their own before ``other``.
    budget
        Grants new hosts; unlimited if absent.
    """

    name: ClassVar[str] = "syslog_alarms"

    def __init__(
        self,
        windows: Sequence[Window],
        alphas: Mapping[str, float],
        states: Mapping[str, Mapping[str, Any]] | None = None,
        max_hosts: int = 1000,
        budget: SeriesBudget | None = None,
    ) -> None:
        self._windows = tuple(windows)
        self._alphas = dict(alphas)
        self._models = {source: OnlineModel() for source in alphas}
        for source, state in (states or {}).items():
            self._models[source].load(state)
        self._recent = {source: RecentLines() for source in alphas}
        self._anomalies: deque[Anomaly] = deque(maxlen=MAX_ANOMALIES)
        series = len(Kind) + 2 + len(windows)
        # No source has an alpha of 0: that is of hosts without one.
        columns = {
            "alpha": np.empty(0),
            "scored": np.empty(0, dtype=np.int64),
            "alarms": np.empty((0, len(Kind)), dtype=np.int64),
        }
        self._rows = HostRows(max_hosts, columns, ("syslog_anomalies_total", series), budget)
        rows = self._rows.size
        self._sums = [WindowRing(window, (rows, len(_Sum)), np.int32) for window in windows]

    def update(self, batch: SyslogBatch) -> None:
        """Score what waits no longer, and learn the batch."""
        model = self._models.get(batch.source)
        if model is None or not len(batch):
            return
        recent = self._recent[batch.source]
        recent.add(model.detector.lines, batch.rows, batch.lines)
        scored, pvalue = model.score(batch, batch.event_time)
        # Hosts have series from their first line on.
        hosts = self._rows.hosts
        self._rows["alpha"][hosts.encode(batch.host)] = self._alphas[batch.source]
        if not len(scored):
            return
        names = model.detector.hosts
        used, host = np.unique(scored.host, return_inverse=True)
        column = Categorical.encode([names.name(number) for number in used.tolist()])
        numbers = hosts.encode(column)[host]
        alarm = np.zeros(len(scored), dtype=bool)
        if model.supports(self._alphas[batch.source]):
            # A burst has no p-value.
            alarm = ~(pvalue > self._alphas[batch.source])
        single = ~np.isnan(pvalue)
        np.add.at(self._rows["scored"], numbers[single], 1)
        np.add.at(self._rows["alarms"], (numbers[alarm], scored.kind[alarm]), 1)
        now = np.array([batch.event_time.max()])
        placements = place(self._windows, scored.time, now)
        cells = numbers * len(_Sum)
        add_all(self._sums, placements, np.where(single, cells + _Sum.SCORED, -1))
        add_all(self._sums, placements, np.where(alarm & single, cells + _Sum.ALARMS, -1))
        for row in np.flatnonzero(alarm).tolist():
            self._anomalies.append(_anomaly(batch.source, model, recent, scored, pvalue, row))

    def snapshot(self) -> SyslogAlarmsView:
        """Return an immutable copy."""
        return SyslogAlarmsView(
            hosts=dict(self._rows.hosts.numbered()),
            alpha=self._rows["alpha"].copy(),
            scored=self._rows["scored"].copy(),
            alarms=self._rows["alarms"].copy(),
            sums=tuple(ring.view() for ring in self._sums),
            sources={
                source: _Learned(
                    alpha=self._alphas[source],
                    evaluable=model.supports(self._alphas[source]),
                    lines=model.calibration.lines,
                    templates=len(model.detector.templates),
                    forgotten=model.detector.forgotten,
                )
                for source, model in self._models.items()
            },
            anomalies=tuple(reversed(self._anomalies)),
        )

    def families(self, snapshot: SyslogAlarmsView, now: float) -> Iterator[Metric]:
        """Yield the metric families, windows as seen at Unix time `now`."""
        yield from _of_hosts(snapshot)
        yield _realised(snapshot, now)
        yield from _of_sources(snapshot)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage; the lines that anomalies are shown with are not stored."""
        return {
            **self._rows.dump(),
            "sums": [ring.dump() for ring in self._sums],
            "models": {source: model.dump() for source, model in self._models.items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the number of admitted hosts has changed.
        """
        self._rows.load(state)
        load_rings(self._sums, state["sums"])
        for source, stored in state["models"].items():
            if source in self._models:
                self._models[source].load(stored)


def _anomaly(
    source: str,
    model: OnlineModel,
    recent: RecentLines,
    scored: Scored,
    pvalue: Floats,
    row: int,
) -> Anomaly:
    position = int(scored.position[row])
    place_ = recent.find(position)
    return Anomaly(
        time=float(scored.time[row]),
        source=source,
        host=model.detector.hosts.name(int(scored.host[row])),
        kind=Kind(int(scored.kind[row])).name.lower(),
        score=float(scored.score[row]),
        pvalue=float(pvalue[row]),
        message=place_.line.decode("utf-8", "replace") if place_ else "",
        context=tuple(
            line.decode("utf-8", "replace") for line in recent.around(position, CONTEXT_LINES)
        ),
        explanation=explanation(scored, row, model.detector.templates),
    )


def _of_hosts(snapshot: SyslogAlarmsView) -> Iterator[Metric]:
    anomalies = CounterMetricFamily(
        "syslog_anomalies",
        "Lines with a p-value of at most alpha: not expected there (unexpected), never logged "
        "before (novel), or behind which one is missing (missing). Also lines that come far more "
        "often than ever before (burst).",
        labels=["host", "kind"],
    )
    scored = CounterMetricFamily(
        "syslog_scored_messages", "Messages that were scored.", labels=["host"]
    )
    alpha = GaugeMetricFamily(
        "syslog_alarm_alpha_ratio", "Share of messages that may be alarms.", labels=["host"]
    )
    for row, host in snapshot.hosts.items():
        for kind in Kind:
            anomalies.add_metric([host, kind.name.lower()], int(snapshot.alarms[row, kind]))
        scored.add_metric([host], int(snapshot.scored[row]))
        if snapshot.alpha[row]:
            alpha.add_metric([host], float(snapshot.alpha[row]))
    yield from (anomalies, scored, alpha)


def _realised(snapshot: SyslogAlarmsView, now: float) -> Metric:
    realised = GaugeMetricFamily(
        "syslog_alarm_realised_ratio",
        "Share of the messages scored in the window that were alarms.",
        labels=["host", "window"],
    )
    for sums in snapshot.sums:
        total = sums.total(now)
        for row in np.flatnonzero(total[:, _Sum.SCORED]).tolist():
            share = total[row, _Sum.ALARMS] / total[row, _Sum.SCORED]
            realised.add_metric([snapshot.hosts[row], sums.window.name], float(share))
    return realised


def _of_sources(snapshot: SyslogAlarmsView) -> Iterator[Metric]:
    evaluable = GaugeMetricFamily(
        "syslog_alarm_evaluable",
        "1: the source has logged enough for alarms at its alpha; 0: why not.",
        labels=["source", "reason"],
    )
    lines = GaugeMetricFamily(
        "syslog_calibration_messages",
        "Earlier messages of the source that scores are compared with, as far as they count.",
        labels=["source"],
    )
    templates = GaugeMetricFamily(
        "syslog_templates", "Templates that messages of the source have.", labels=["source"]
    )
    forgotten = CounterMetricFamily(
        "syslog_forgotten_counts",
        "Counts of transitions that there was no more room for.",
        labels=["source"],
    )
    for source, learned in snapshot.sources.items():
        reason = "" if learned.evaluable else "too_few_messages"
        evaluable.add_metric([source, reason], float(learned.evaluable))
        lines.add_metric([source], learned.lines)
        templates.add_metric([source], learned.templates)
        forgotten.add_metric([source], learned.forgotten)
    yield from (evaluable, lines, templates, forgotten)
