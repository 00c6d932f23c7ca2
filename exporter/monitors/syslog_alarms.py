"""Lines that are too many, missing or new, and alarms at a rate that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.markov.online import Trained
from exporter.markov.reference import Compared
from exporter.markov.scored import Kind, Scored
from exporter.monitors import syslog_incidents, syslog_sources
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.host_rows import HostRows
from exporter.monitors.latest_anomalies import Anomaly, LatestAnomalies
from exporter.monitors.syslog_incidents import (
    ComparedLines,
    SyslogIncidents,
    SyslogIncidentsView,
)
from exporter.monitors.syslog_sources import AlarmSettings, Source, SourceView
from exporter.placement import add_all, place
from exporter.records import Categorical, SyslogBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Sum(IntEnum):
    SCORED = 0
    ALARMS = 1


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
    incidents
        Those that the references do not expect.
    sources
        What each source's model has come to.
    anomalies
        The latest that are shown, newest first.
    """

    hosts: dict[int, str]
    alpha: Floats
    scored: Integers
    alarms: Integers
    sums: tuple[RingView, ...]
    incidents: SyslogIncidentsView
    sources: dict[str, SourceView]
    anomalies: tuple[Anomaly, ...]


class SyslogAlarms:
    """Scores each line against what its source has logged so far, and goes on learning.

    An alarm is a line with p <= alpha, where p is the share of earlier lines of the source that
    scored as high (:mod:`exporter.markov.calibration`). There is none before 1 / alpha lines.
    Beside it lines are compared with what was normal once (:mod:`exporter.markov.reference`).

    Parameters
    ----------
    windows
        The configured windows.
    sources
        By name, those that are looked at.
    trained
        By name of the source, where there is one, what a model file holds.
    max_hosts
        How many hosts have series of their own before ``other``.
    budget
        Grants new hosts; unlimited if absent.
    """

    name: ClassVar[str] = "syslog_alarms"

    def __init__(
        self,
        windows: Sequence[Window],
        sources: Mapping[str, AlarmSettings],
        trained: Mapping[str, Trained] | None = None,
        max_hosts: int = 1000,
        budget: SeriesBudget | None = None,
    ) -> None:
        self._windows = tuple(windows)
        self._sources = {
            name: Source(settings, (trained or {}).get(name)) for name, settings in sources.items()
        }
        self._latest = LatestAnomalies()
        series = len(Kind) + 5 + 2 * len(windows)
        # No source has an alpha of 0: that is of hosts without one.
        columns = {
            "alpha": np.empty(0),
            "scored": np.empty(0, dtype=np.int64),
            "alarms": np.empty((0, len(Kind)), dtype=np.int64),
        }
        self._rows = HostRows(max_hosts, columns, ("syslog_anomalies_total", series), budget)
        rows = self._rows.size
        self._sums = [WindowRing(window, (rows, len(_Sum)), np.int32) for window in windows]
        self._incidents = SyslogIncidents(windows, rows)

    def update(self, batch: SyslogBatch) -> None:
        """Score what waits no longer, and learn the batch."""
        source = self._sources.get(batch.source)
        if source is None or not len(batch):
            return
        self._latest.read(batch, source.model)
        scored, pvalue, compared = source.model.update(batch, batch.event_time)
        # Hosts have series from their first line on.
        hosts = self._rows.hosts.encode(batch.host)
        self._rows["alpha"][hosts] = source.settings.alpha
        self._compare(source, batch, hosts, compared)
        if len(scored):
            self._count(source, batch, scored, pvalue)

    def _compare(
        self, source: Source, batch: SyslogBatch, hosts: Integers, compared: Compared
    ) -> None:
        settings = source.settings.incidents
        lines = ComparedLines(hosts, batch.event_time, compared.pvalue)
        for row in self._incidents.update(batch.source, settings, lines, batch.placements):
            self._latest.add_incident(batch, source.model, compared, row)

    def _count(self, source: Source, batch: SyslogBatch, scored: Scored, pvalue: Floats) -> None:
        names, model = source.model.detector.hosts, source.model
        used, host = np.unique(scored.host, return_inverse=True)
        column = Categorical.encode([names.name(number) for number in used.tolist()])
        numbers = self._rows.hosts.encode(column)[host]
        single = ~np.isnan(pvalue)
        alarm = np.zeros(len(scored), dtype=bool)
        if model.supports(source.settings.alpha):
            # A burst has no p-value.
            alarm = ~(pvalue > source.settings.alpha)
        shown = alarm & ~single
        shown[single] = source.display.shown(pvalue[single])
        np.add.at(self._rows["scored"], numbers[single], 1)
        np.add.at(self._rows["alarms"], (numbers[alarm], scored.kind[alarm]), 1)
        now = np.array([batch.event_time.max()])
        placements = place(self._windows, scored.time, now)
        cells = numbers * len(_Sum)
        add_all(self._sums, placements, np.where(single, cells + _Sum.SCORED, -1))
        add_all(self._sums, placements, np.where(alarm & single, cells + _Sum.ALARMS, -1))
        for row in np.flatnonzero(shown).tolist():
            self._latest.add_scored(
                batch.source, model, scored, pvalue, row, alarm=bool(alarm[row])
            )

    def snapshot(self) -> SyslogAlarmsView:
        """Return an immutable copy."""
        return SyslogAlarmsView(
            hosts=dict(self._rows.hosts.numbered()),
            alpha=self._rows["alpha"].copy(),
            scored=self._rows["scored"].copy(),
            alarms=self._rows["alarms"].copy(),
            sums=tuple(ring.view() for ring in self._sums),
            incidents=self._incidents.view(),
            sources={name: source.view() for name, source in self._sources.items()},
            anomalies=self._latest.view(),
        )

    def families(self, snapshot: SyslogAlarmsView, now: float) -> Iterator[Metric]:
        """Yield the metric families, windows as seen at Unix time `now`."""
        yield from _of_hosts(snapshot)
        yield _realised(snapshot, now)
        yield from syslog_incidents.families(snapshot.incidents, snapshot.hosts, now)
        yield from syslog_sources.families(snapshot.sources)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage; the lines that anomalies are shown with are not stored."""
        return {
            **self._rows.dump(),
            "sums": [ring.dump() for ring in self._sums],
            "incidents": self._incidents.dump(),
            "sources": {name: source.dump() for name, source in self._sources.items()},
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
        self._incidents.load(state["incidents"])
        for name, stored in state["sources"].items():
            if name in self._sources:
                self._sources[name].load(stored)


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
