"""How much a language model reads and writes, and how fast it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import RecordBatch
from exporter.windows import Window

_CELLS = range(6)
_IN, _IN_REQUESTS, _OUT, _OUT_REQUESTS, _TIMED, _SECONDS = _CELLS
_DIRECTIONS = (("in", _IN, _IN_REQUESTS), ("out", _OUT, _OUT_REQUESTS))


class Tokens(WindowedSums):
    """Tokens in and out, and tokens written in a second.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "tokens"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, len(_CELLS))

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        if "tokens_in" not in batch.numbers and "tokens_out" not in batch.numbers:
            return
        rows = np.flatnonzero(batch.attempt)
        if not rows.size:
            return
        absent = np.full(len(rows), np.nan)
        read, written = (
            batch.numbers[field][rows] if field in batch.numbers else absent
            for field in ("tokens_in", "tokens_out")
        )
        latency = batch.latency[rows]
        timed = ~np.isnan(written) & (latency > 0)
        columns = [
            np.nan_to_num(read),
            ~np.isnan(read),
            np.nan_to_num(written),
            ~np.isnan(written),
            np.where(timed, written, 0.0),
            np.where(timed, latency, 0.0),
        ]
        self._add(placed(batch, rows), columns)

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first token is logged."""
        totals = snapshot.totals
        if not totals[_IN_REQUESTS] + totals[_OUT_REQUESTS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        tokens = CounterMetricFamily(
            "model_tokens", "Tokens read and written.", labels=[*names, "direction"]
        )
        requests = CounterMetricFamily(
            "model_token_requests",
            "Requests that log their number of tokens.",
            labels=[*names, "direction"],
        )
        for direction, cell, its_requests in _DIRECTIONS:
            tokens.add_metric([*values, direction], float(totals[cell]))
            requests.add_metric([*values, direction], float(totals[its_requests]))
        timed = CounterMetricFamily(
            "model_generation_tokens",
            "Tokens written by requests that log their latency too.",
            labels=names,
        )
        timed.add_metric(values, float(totals[_TIMED]))
        seconds = CounterMetricFamily(
            "model_generation_seconds",
            "Time taken by requests that log the tokens they wrote.",
            labels=names,
        )
        seconds.add_metric(values, float(totals[_SECONDS]))
        yield from (tokens, requests, timed, seconds)
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        requests = GaugeMetricFamily(
            "model_window_token_requests",
            "Requests of the window that log their number of tokens.",
            labels=[*names, "direction"],
        )
        mean = GaugeMetricFamily(
            "model_tokens_mean",
            "Mean number of tokens of the window's requests.",
            labels=[*names, "direction"],
        )
        speed = GaugeMetricFamily(
            "model_generation_tokens_per_second",
            "Tokens that the window's requests wrote, over the time that they took.",
            labels=names,
        )
        for ring in snapshot.rings:
            total = ring.total(now).tolist()
            at = [*values, ring.window.name]
            for direction, cell, its_requests in _DIRECTIONS:
                if total[its_requests]:
                    requests.add_metric([*at, direction], total[its_requests])
                    mean.add_metric([*at, direction], total[cell] / total[its_requests])
            if total[_SECONDS] > 0:
                speed.add_metric(at, total[_TIMED] / total[_SECONDS])
        yield from (requests, mean, speed)
