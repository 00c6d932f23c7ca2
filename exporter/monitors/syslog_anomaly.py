"""How surprising each host's messages are to a Markov model of normal days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from exporter.markov.chains import Chains
from exporter.markov.model_file import fingerprint
from exporter.markov.scoring import Scorer, Scores
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.host_rows import HostRows
from exporter.placement import Placement, add_all
from exporter.records import SyslogBatch
from exporter.windows import RingView, Window, WindowRing

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SURPRISAL_BUCKETS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
MAX_CHAINS = 10_000
"""Hosts of one source whose last message is remembered."""


class Count(IntEnum):
    """What is counted of each host since the beginning."""

    NOVEL = 0
    UNSEEN_TRANSITIONS = 1


class Sum(IntEnum):
    """What is summed over each host's messages in a window."""

    SCORED = 0
    SURPRISAL = 1


@dataclass(frozen=True, slots=True)
class SyslogAnomalyView:
    """An immutable copy of the state.

    Attributes
    ----------
    hosts
        Number and label value of the hosts that have series.
    counts
        int64[hosts, len(Count)].
    buckets, total
        int64[hosts, buckets + 1] and float64[hosts] nats, the surprisal of all messages.
    sums, highest
        For each window float64[hosts, len(Sum)], and the highest surprisal float64[hosts].
    """

    hosts: dict[int, str]
    counts: Integers
    buckets: Integers
    total: Floats
    sums: tuple[RingView, ...]
    highest: tuple[RingView, ...]


class SyslogAnomaly:
    """Scores the messages of sources that have a model; those of others are not looked at.

    A chain belongs to a source and a host; the series of a host join its chains of all sources.

    Parameters
    ----------
    windows
        The configured windows, in the order of the batches' placements.
    scorers
        By name of the source.
    max_hosts
        How many hosts have series of their own before ``other``.
    budget
        Grants new hosts; unlimited if absent.
    """

    name: ClassVar[str] = "syslog_anomaly"

    def __init__(
        self,
        windows: Sequence[Window],
        scorers: Mapping[str, Scorer],
        max_hosts: int = 1000,
        budget: SeriesBudget | None = None,
    ) -> None:
        self._scorers = dict(scorers)
        self._fingerprints = {
            source: fingerprint(scorer.model) for source, scorer in scorers.items()
        }
        self._chains = {source: Chains(MAX_CHAINS) for source in scorers}
        series = len(Count) + len(SURPRISAL_BUCKETS) + 3 + 3 * len(windows)
        columns = {
            "counts": np.empty((0, len(Count)), dtype=np.int64),
            "buckets": np.empty((0, len(SURPRISAL_BUCKETS) + 1), dtype=np.int64),
            "total": np.empty(0),
        }
        self._rows = HostRows(max_hosts, columns, ("syslog_surprisal_nats", series), budget)
        rows = self._rows.size
        self._sums = [WindowRing(window, (rows, len(Sum)), np.float64) for window in windows]
        self._highest = [
            WindowRing(window, (rows,), np.float64, initial=-np.inf) for window in windows
        ]

    def update(self, batch: SyslogBatch) -> None:
        """Score the messages of a batch."""
        scorer = self._scorers.get(batch.source)
        if scorer is None or not len(batch):
            return
        message = scorer.model.messages.encode(batch.message)
        tag = scorer.model.tags.encode(batch.tag)
        previous_message, previous_tag = self._chains[batch.source].link(batch.host, message, tag)
        scores = scorer.score(previous_message, message, previous_tag, tag)
        host = self._rows.hosts.encode(batch.host)
        self._count(host, scores)
        rows = np.flatnonzero(scores.scored)
        places = batch.placements
        if len(rows) < len(batch):
            places = tuple(placement.take(rows) for placement in places)
        _add(self._sums, places, host[rows], scores, rows)
        for highest, placement in zip(self._highest, places, strict=True):
            highest.raise_to(placement, host[rows], scores.surprisal[rows])

    def _count(self, host: Integers, scores: Scores) -> None:
        for count, mask in (
            (Count.NOVEL, scores.novel),
            (Count.UNSEEN_TRANSITIONS, scores.unseen),
        ):
            np.add.at(self._rows["counts"][:, count], host[mask], 1)
        surprisal = scores.surprisal[scores.scored]
        bucket = np.searchsorted(SURPRISAL_BUCKETS, surprisal)
        np.add.at(self._rows["buckets"], (host[scores.scored], bucket), 1)
        np.add.at(self._rows["total"], host[scores.scored], surprisal)

    def snapshot(self) -> SyslogAnomalyView:
        """Return an immutable copy."""
        return SyslogAnomalyView(
            hosts=dict(self._rows.hosts.numbered()),
            counts=self._rows["counts"].copy(),
            buckets=self._rows["buckets"].copy(),
            total=self._rows["total"].copy(),
            sums=tuple(ring.view() for ring in self._sums),
            highest=tuple(ring.view() for ring in self._highest),
        )

    def families(self, snapshot: SyslogAnomalyView, now: float) -> Iterator[Metric]:
        """Yield the metric families, windows as seen at Unix time `now`."""
        yield from _counters(snapshot)
        yield _histogram(snapshot)
        yield from _gauges(snapshot, now)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            **self._rows.dump(),
            "sums": [ring.dump() for ring in self._sums],
            "highest": [ring.dump() for ring in self._highest],
            "chains": {
                source: {"model": self._fingerprints[source], **chains.dump()}
                for source, chains in self._chains.items()
            },
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        The last messages of a source whose model has changed since are forgotten: they are states
        of the other model.

        Raises
        ------
        ValueError
            If the windows or the number of admitted hosts have changed.
        """
        # Earlier versions counted one thing more in front.
        counts = np.asarray(state["counts"])[:, -len(Count) :]
        self._rows.load({**state, "counts": counts})
        for ring, stored in zip(self._sums, state["sums"], strict=True):
            ring.load(_narrowed(stored))
        for ring, stored in zip(self._highest, state["highest"], strict=True):
            ring.load(stored)
        for source, stored in state["chains"].items():
            if self._fingerprints.get(source) == stored["model"]:
                self._chains[source].load(stored)


def _narrowed(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the stored sums of hosts without those that earlier versions had in addition."""
    rows, width = stored["shape"]
    if width == len(Sum):
        return stored
    parts = stored.get("slots")
    narrow = (
        _first_columns(stored, width)
        if parts is None
        else {"slots": {slot: _first_columns(part, width) for slot, part in parts.items()}}
    )
    return {**stored, **narrow, "shape": [rows, len(Sum)]}


def _first_columns(part: Mapping[str, Any], width: int) -> dict[str, Any]:
    values = np.asarray(part["values"])
    if "cells" not in part:
        return {**part, "values": values.reshape(-1, width)[:, : len(Sum)].reshape(-1)}
    cells = np.asarray(part["cells"]).astype(np.int64)
    kept = cells % width < len(Sum)
    cells = cells // width * len(Sum) + cells % width
    return {**part, "cells": cells[kept], "values": values[kept]}


def _add(
    rings: Sequence[WindowRing],
    placements: Sequence[Placement],
    host: Integers,
    scores: Scores,
    rows: NDArray[np.intp],
) -> None:
    """Add the scored `rows` of a batch; `placements` and `host` are of these rows."""
    cells = host * len(Sum)
    add_all(rings, placements, cells + Sum.SCORED)
    add_all(rings, placements, cells + Sum.SURPRISAL, scores.surprisal[rows])


def _counters(snapshot: SyslogAnomalyView) -> Iterator[Metric]:
    unseen_messages = CounterMetricFamily(
        "syslog_unseen_messages", "Messages that the model has not.", labels=["host"]
    )
    unseen_transitions = CounterMetricFamily(
        "syslog_unseen_transitions",
        "Messages that in the model never follow the message before them.",
        labels=["host"],
    )
    for row, host in snapshot.hosts.items():
        counts = snapshot.counts[row].tolist()
        unseen_messages.add_metric([host], counts[Count.NOVEL])
        unseen_transitions.add_metric([host], counts[Count.UNSEEN_TRANSITIONS])
    yield from (unseen_messages, unseen_transitions)


def _histogram(snapshot: SyslogAnomalyView) -> Metric:
    family = HistogramMetricFamily(
        "syslog_surprisal_nats",
        "Surprisal of messages after the message before them, in nats.",
        labels=["host"],
    )
    bounds = [*map(str, SURPRISAL_BUCKETS), "+Inf"]
    cumulated = snapshot.buckets.cumsum(axis=1)
    for row, host in snapshot.hosts.items():
        family.add_metric(
            [host],
            buckets=list(zip(bounds, cumulated[row].tolist(), strict=True)),
            sum_value=float(snapshot.total[row]),
        )
    return family


def _gauges(snapshot: SyslogAnomalyView, now: float) -> Iterator[Metric]:
    labels = ["host", "window"]
    messages = GaugeMetricFamily(
        "syslog_window_messages", "Messages scored in the window.", labels=labels
    )
    mean = GaugeMetricFamily(
        "syslog_surprisal_mean_nats", "Mean surprisal in the window, in nats.", labels=labels
    )
    highest = GaugeMetricFamily(
        "syslog_anomaly_score", "Highest surprisal in the window, in nats.", labels=labels
    )
    for sums, maxima in zip(snapshot.sums, snapshot.highest, strict=True):
        window = sums.window.name
        total, peak = sums.total(now), maxima.maximum(now)
        for row in np.flatnonzero(total[:, Sum.SCORED]).tolist():
            where = [snapshot.hosts[row], window]
            messages.add_metric(where, float(total[row, Sum.SCORED]))
            mean.add_metric(where, float(total[row, Sum.SURPRISAL] / total[row, Sum.SCORED]))
            highest.add_metric(where, float(peak[row]))
    yield from (messages, mean, highest)
