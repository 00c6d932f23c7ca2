"""How many messages each host's programs log, and when each host was last heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.event_time import MAX_AHEAD_SECONDS
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.labels import LabelValues
from exporter.records import SyslogBatch


@dataclass(frozen=True, slots=True)
class SyslogCountsView:
    """An immutable copy of the counts.

    Attributes
    ----------
    hosts, tags
        Label values and their numbers.
    counts
        int64[hosts, tags], messages.
    last
        float64[hosts], Unix seconds, -inf where there was no message.
    """

    hosts: dict[int, str]
    tags: dict[int, str]
    counts: NDArray[np.int64]
    last: NDArray[np.float64]


class SyslogCounts:
    """Counts the messages of all sources; a host that is in two of them has one series.

    Parameters
    ----------
    max_hosts, max_tags
        How many values the labels admit before ``other``.
    budget
        Grants new hosts and tags; unlimited if absent.
    """

    name: ClassVar[str] = "syslog_counts"

    def __init__(
        self, max_hosts: int = 1000, max_tags: int = 50, budget: SeriesBudget | None = None
    ) -> None:
        granting = budget or SeriesBudget.unlimited()

        def grant(others: int) -> bool:
            # A host can log with every tag and a tag come from every host, `other` included;
            # one series more is the time of the host's last message.
            return granting.claim("syslog_messages_total", others + 2)

        self._hosts = LabelValues(max_hosts, grant=lambda: grant(len(self._tags.values)))
        self._tags = LabelValues(max_tags, grant=lambda: grant(len(self._hosts.values)))
        self._counts = np.zeros((max_hosts + 1, max_tags + 1), dtype=np.int64)
        self._last = np.full(max_hosts + 1, -np.inf)

    def update(self, batch: SyslogBatch) -> None:
        """Count the messages of a batch."""
        host = self._hosts.encode(batch.host)
        tag = self._tags.encode(batch.tag)
        counts = self._counts
        counts += np.bincount(host * counts.shape[1] + tag, minlength=counts.size).reshape(
            counts.shape
        )
        # What lies further ahead was noted while the clock was: kept, it would hide a silence.
        self._last[self._last > batch.received + MAX_AHEAD_SECONDS] = -np.inf
        np.maximum.at(self._last, host, batch.event_time)

    def snapshot(self) -> SyslogCountsView:
        """Return an immutable copy."""
        return SyslogCountsView(
            dict(self._hosts.numbered()),
            dict(self._tags.numbered()),
            self._counts.copy(),
            self._last.copy(),
        )

    def families(self, snapshot: SyslogCountsView, now: float) -> Iterator[Metric]:
        """Yield the metric families; nothing here depends on `now`."""
        del now
        messages = CounterMetricFamily(
            "syslog_messages", "Syslog messages by host and program.", labels=["host", "tag"]
        )
        hosts, tags = np.nonzero(snapshot.counts)
        for host, tag in zip(hosts.tolist(), tags.tolist(), strict=True):
            messages.add_metric(
                [snapshot.hosts[host], snapshot.tags[tag]], int(snapshot.counts[host, tag])
            )
        yield messages
        last = GaugeMetricFamily(
            "syslog_last_message_timestamp_seconds",
            "Time of the latest syslog message of a host.",
            labels=["host"],
        )
        for host in np.flatnonzero(np.isfinite(snapshot.last)).tolist():
            last.add_metric([snapshot.hosts[host]], float(snapshot.last[host]))
        yield last

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        cells = np.flatnonzero(self._counts)
        heard = np.flatnonzero(np.isfinite(self._last))
        return {
            "hosts": self._hosts.dump(),
            "tags": self._tags.dump(),
            "shape": list(self._counts.shape),
            "cells": cells,
            "counts": self._counts.reshape(-1)[cells],
            "heard": heard,
            "last": self._last[heard],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the labels admitted another number of values then.
        """
        if list(state["shape"]) != list(self._counts.shape):
            raise ValueError(f"stored shape {state['shape']} does not fit {self._counts.shape}")
        self._hosts.load(**state["hosts"])
        self._tags.load(**state["tags"])
        self._counts[:] = 0
        self._counts.reshape(-1)[state["cells"]] = state["counts"]
        self._last[:] = -np.inf
        self._last[state["heard"]] = state["last"]
