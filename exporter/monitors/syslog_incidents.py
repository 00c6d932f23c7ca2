"""Incidents: lines that a reference does not expect, merged, and whether they are too many.

A line is not expected if its p-value under the reference (:mod:`exporter.markov.reference`) is at
most alpha. Such lines of a host that come within some seconds of the first one, and before a tenth
as many lines as one of them is usually among, are one incident. Of n lines at most n alpha are
incidents on normal days, and about a third to all of these were on the logs of
docs/syslog-anomalies.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.markov.groups import Groups
from exporter.placement import Placement, add_all, place
from exporter.windows import RingView, Window, WindowRing, load_rings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LASTS = 0.1
"""Lines of a host that an incident lasts at most, times alpha: busy hosts can have many as well."""
_MAX_OPEN = 10_000
_PER_DECADE = 3
_BINS = 8 * _PER_DECADE + 1
_UPPER = 10.0 ** (-np.arange(_BINS) / _PER_DECADE)
_COMPARED = _BINS
"""Behind the incidents by p-value comes how many lines there were."""


@dataclass(frozen=True, slots=True)
class IncidentSettings:
    """What an incident is, in one source.

    Attributes
    ----------
    alpha
        p-value up to which a line is not expected. Higher than that of single alarms: it is many
        lines, each a little unexpected, that tell of trouble.
    seconds
        How long an incident lasts at most.
    """

    alpha: float = 0.01
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ComparedLines:
    """Lines, each array [n].

    Attributes
    ----------
    host
        int64, numbers.
    time
        float64, Unix seconds.
    pvalue
        float64, under the reference; NaN without one.
    """

    host: Integers
    time: Floats
    pvalue: Floats


@dataclass(slots=True)
class _Incident:
    began: float
    at_line: int
    pvalue_bin: int


@dataclass(frozen=True, slots=True)
class SyslogIncidentsView:
    """An immutable copy of the state.

    Attributes
    ----------
    unexpected
        int64[rows], lines that are not expected.
    incidents, expected
        int64[rows] and float64[rows], how many there were, and how many at most on normal days.
    sums
        For each window int64[rows, bins + 1], incidents by p-value, and lines.
    """

    unexpected: Integers
    incidents: Integers
    expected: Floats
    sums: tuple[RingView, ...]


class SyslogIncidents:
    """Counts incidents, by numbers of hosts that are its owner's.

    Parameters
    ----------
    windows
        The configured windows.
    rows
        How many numbers there are.
    """

    def __init__(self, windows: Sequence[Window], rows: int) -> None:
        self._windows = tuple(windows)
        self._lines = np.zeros(rows, dtype=np.int64)
        self._unexpected = np.zeros(rows, dtype=np.int64)
        self._incidents = np.zeros(rows, dtype=np.int64)
        self._expected = np.zeros(rows)
        self._sums = [WindowRing(window, (rows, _BINS + 1), np.int32) for window in windows]
        self._latest: OrderedDict[tuple[str, int], _Incident] = OrderedDict()

    def update(
        self,
        source: str,
        settings: IncidentSettings,
        lines: ComparedLines,
        placements: tuple[Placement, ...],
    ) -> list[int]:
        """Take in lines of a source; return those with which an incident began."""
        host, time, pvalue = lines.host, lines.time, lines.pvalue
        known = ~np.isnan(pvalue)
        if not known.any():
            return []
        rows = np.flatnonzero(known & (pvalue <= settings.alpha))
        began, cells, weights, times = [], [], [], []
        if len(rows):
            bins = np.minimum(-np.log10(pvalue[rows]) * _PER_DECADE, _BINS - 1).astype(np.intp)
            at_line = self._lines[host[rows]] + _ranks(host)[rows]
        for at, row in enumerate(rows.tolist()):
            key, found = (source, int(host[row])), int(bins[at])
            incident = self._latest.get(key)
            if incident is None or not (
                abs(time[row] - incident.began) <= settings.seconds
                and at_line[at] - incident.at_line < LASTS / settings.alpha
            ):
                incident = _Incident(float(time[row]), int(at_line[at]), found)
                self._latest[key] = incident
                self._latest.move_to_end(key)
                began.append(row)
            elif found > incident.pvalue_bin:
                # The p-value of an incident is that of its least expected line.
                cells.append(key[1] * (_BINS + 1) + incident.pvalue_bin)
                weights.append(-1)
                times.append(incident.began)
                incident.pvalue_bin = found
            else:
                continue
            cells.append(key[1] * (_BINS + 1) + found)
            weights.append(1)
            times.append(incident.began)
        while len(self._latest) > _MAX_OPEN:
            self._latest.popitem(last=False)
        np.add.at(self._lines, host, 1)
        np.add.at(self._unexpected, host[rows], 1)
        np.add.at(self._incidents, host[began], 1)
        np.add.at(self._expected, host[known], settings.alpha)
        add_all(self._sums, placements, np.where(known, host * (_BINS + 1) + _COMPARED, -1))
        if cells:
            now = np.array([time.max()])
            changed = place(self._windows, np.array(times), now)
            add_all(self._sums, changed, np.array(cells), np.array(weights))
        return began

    def view(self) -> SyslogIncidentsView:
        """Return an immutable copy."""
        return SyslogIncidentsView(
            unexpected=self._unexpected.copy(),
            incidents=self._incidents.copy(),
            expected=self._expected.copy(),
            sums=tuple(ring.view() for ring in self._sums),
        )

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        used = np.flatnonzero(self._lines)
        return {
            "rows": used,
            **{name: column[used] for name, column in self._columns().items()},
            "sums": [ring.dump() for ring in self._sums],
            "latest": [
                [*key, incident.began, incident.at_line, incident.pvalue_bin]
                for key, incident in self._latest.items()
            ],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, of as many rows."""
        for name, column in self._columns().items():
            column[:] = 0
            column[state["rows"]] = state[name]
        load_rings(self._sums, state["sums"])
        self._latest = OrderedDict(
            ((source, row), _Incident(*incident)) for source, row, *incident in state["latest"]
        )

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {
            "lines": self._lines,
            "unexpected": self._unexpected,
            "incidents": self._incidents,
            "expected": self._expected,
        }


def _ranks(host: Integers) -> Integers:
    """Return int64[n], how many lines before each are of the same host."""
    groups = Groups(host)
    ranks = np.empty(len(host), dtype=np.int64)
    ranks[groups.order] = np.arange(len(host)) - groups.first[groups.number]
    return ranks


def simes(incidents: Integers, lines: Integers) -> Floats:
    """Return float64[n], how improbable the incidents among some lines are on normal days.

    min over i of lines p(i) / i, with p(1) <= p(2) <= … the p-values of the incidents, the other
    lines' taken to be 1 (Simes 1986, https://doi.org/10.1093/biomet/73.3.751); each p-value is
    rounded up to a third of a power of ten. Merged lines are left out, so that it is rather too
    large.

    Parameters
    ----------
    incidents
        int64[n, bins], by p-value, from the highest on.
    lines
        int64[n], of which they are.
    """
    as_small = np.cumsum(incidents[:, ::-1], axis=1)[:, ::-1]
    each = np.divide(
        lines[:, None] * _UPPER, as_small, out=np.ones(as_small.shape), where=as_small > 0
    )
    found: Floats = np.minimum(each.min(axis=1), 1.0)
    return found


def families(view: SyslogIncidentsView, hosts: Mapping[int, str], now: float) -> Iterator[Metric]:
    """Yield the metric families, windows as seen at Unix time `now`."""
    unexpected = CounterMetricFamily(
        "syslog_reference_unexpected_messages",
        "Messages that the reference does not expect.",
        labels=["host"],
    )
    incidents = CounterMetricFamily(
        "syslog_incidents",
        "Incidents: messages that the reference does not expect, those of a minute as one.",
        labels=["host"],
    )
    expected = CounterMetricFamily(
        "syslog_incidents_expected",
        "As many incidents there are at most on days like those of the reference.",
        labels=["host"],
    )
    for row, host in hosts.items():
        unexpected.add_metric([host], int(view.unexpected[row]))
        incidents.add_metric([host], int(view.incidents[row]))
        expected.add_metric([host], float(view.expected[row]))
    yield from (unexpected, incidents, expected)
    pvalue = GaugeMetricFamily(
        "syslog_anomaly_pvalue",
        "Probability of incidents as improbable as those of the window, under the reference.",
        labels=["host", "window"],
    )
    for ring in view.sums:
        total = ring.total(now)
        rows = np.flatnonzero(total[:, _COMPARED])
        found = simes(total[rows, :_BINS], total[rows, _COMPARED])
        for row, value in zip(rows.tolist(), found.tolist(), strict=True):
            pvalue.add_metric([hosts[row], ring.window.name], value)
    yield pvalue
