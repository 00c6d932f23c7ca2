"""How far predicted numbers are from the actual ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from exporter.drift.columns import PREDICTION, NumericColumn
from exporter.drift.reference import Reference
from exporter.moments import MomentRing, over_window, pool_all
from exporter.monitors.histogram import BucketView, Histogram
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, load_rings

GREATEST = 1e140
"""Numbers further from 0 count as this one, so that sums of squares stay finite."""
DEFAULT_EDGES = (
    *(float(f"{digit}e{exponent}") for exponent in range(-3, 6) for digit in (1, 3)),
    1e6,
)
_CELLS = range(8)
_LABELS, _ABSOLUTE, _SQUARED, _SIGNED, _OVER, _UNDER, _ZERO, _PERCENTAGE = _CELLS


def edges_for(reference: Reference | None) -> tuple[float, ...]:
    """Return the upper edges of the histogram of absolute errors.

    An error means something beside the spread of what is predicted: the edges are those of 1, 2
    and 5 times powers of ten that lie between a hundredth and ten times the standard deviation of
    the reference's predictions. Without a reference nothing is known of the scale, and the edges
    are 1 and 3 times powers of ten from a thousandth to a million.
    """
    std = None
    for column in () if reference is None else reference.columns:
        if column.name == PREDICTION and isinstance(column, NumericColumn):
            std = column.moments.std
    if not std or not 1 / GREATEST < std < GREATEST:
        return DEFAULT_EDGES
    power = math.floor(math.log10(std))
    grid = [
        float(f"{digit}e{exponent}")
        for exponent in range(power - 2, power + 2)
        for digit in (1, 2, 5)
    ]
    return tuple(edge for edge in grid if std / 100 <= edge <= std * 10)


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """Sums, histogram and the moments of the labels at one moment."""

    errors: BucketView
    labels: tuple[RingView, ...]


class Regression(WindowedSums):
    """Absolute, squared, signed and relative errors, and the share of variance explained.

    An error is prediction - label.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    edges
        Of the histogram of absolute errors.
    """

    name: ClassVar[str] = "regression"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        edges: Sequence[float] = DEFAULT_EDGES,
    ) -> None:
        super().__init__(labels, windows, len(_CELLS))
        self._errors = Histogram(edges)
        self._moments = [MomentRing(window) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        numbers = ~np.isnan(batch.prediction_value) & ~np.isnan(batch.label_value)
        if not numbers.any():
            return
        rows = np.flatnonzero(numbers & batch.labelled)
        if not rows.size:
            return
        label = np.clip(batch.label_value[rows], -GREATEST, GREATEST)
        error = np.clip(batch.prediction_value[rows], -GREATEST, GREATEST) - label
        absolute = np.abs(error)
        zero = label == 0
        with np.errstate(over="ignore"):
            relative = np.minimum(absolute / np.where(zero, np.inf, np.abs(label)), GREATEST)
        columns = [
            np.ones(len(rows)), absolute, error**2, error, error > 0, error < 0, zero, relative,
        ]  # fmt: skip
        placements = placed(batch, rows)
        self._add(placements, columns)
        self._errors.observe(absolute)
        pool_all(self._moments, placements, label)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        moments = tuple(ring.view() for ring in self._moments)
        return Snapshot(sums.totals, sums.rings, self._errors.view(), moments)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first label that is a number."""
        totals = snapshot.totals
        if not totals[_LABELS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        absolute = HistogramMetricFamily(
            "model_absolute_error", "Distance of the prediction from its label.", labels=names
        )
        self._errors.add_to(absolute, values, snapshot.errors)
        yield absolute
        for name, cell, meaning in (
            ("model_squared_error", _SQUARED, "Sum of the squared errors."),
            ("model_overestimate", _OVER, "Predictions above their label."),
            ("model_underestimate", _UNDER, "Predictions below their label."),
            (
                "model_absolute_percentage_error",
                _PERCENTAGE,
                "Sum of the absolute errors over the size of their label; labels of 0 left out.",
            ),
            (
                "model_labels_zero",
                _ZERO,
                "Actual numbers of 0, left out of percentage errors.",
            ),
        ):
            family = CounterMetricFamily(name, meaning, labels=names)
            family.add_metric(values, float(totals[cell]))
            yield family
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        mean_absolute = GaugeMetricFamily(
            "model_mean_absolute_error",
            "Mean distance of the window's predictions from their labels.",
            labels=names,
        )
        root_mean_squared = GaugeMetricFamily(
            "model_root_mean_squared_error",
            "Root of the mean squared error of the window's predictions.",
            labels=names,
        )
        bias = GaugeMetricFamily(
            "model_mean_error",
            "Bias: mean of prediction minus label over the window.",
            labels=names,
        )
        percentage = GaugeMetricFamily(
            "model_mean_absolute_percentage_error",
            "Mean of the absolute error over the size of its label (0.1 is 10 percent), labels of "
            "0 left out.",
            labels=names,
        )
        r2 = GaugeMetricFamily(
            "model_r2_score",
            "Share of the variance of the window's labels that the predictions explain; below 0 "
            "they are worse than the mean.",
            labels=names,
        )
        for ring, moments in zip(snapshot.rings, snapshot.labels, strict=True):
            total = ring.total(now).tolist()
            labelled = total[_LABELS]
            if not labelled:
                continue
            at = [*values, ring.window.name]
            mean_absolute.add_metric(at, total[_ABSOLUTE] / labelled)
            root_mean_squared.add_metric(at, math.sqrt(total[_SQUARED] / labelled))
            bias.add_metric(at, total[_SIGNED] / labelled)
            if labelled > total[_ZERO]:
                percentage.add_metric(at, total[_PERCENTAGE] / (labelled - total[_ZERO]))
            _, _, deviations = over_window(moments, now)
            # Of labels that are all the same there is no variance to explain.
            if deviations > 0:
                r2.add_metric(at, 1 - total[_SQUARED] / deviations)
        yield from (mean_absolute, root_mean_squared, bias, percentage, r2)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            **super().dump(),
            "errors": self._errors.dump(),
            "labels": [ring.dump() for ring in self._moments],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        A new reference can bring other edges. The histogram then starts at 0, as after any restart
        of a counter, and nothing else does.

        Raises
        ------
        ValueError
            If the stored sums are others.
        """
        super().load(state)
        load_rings(self._moments, state["labels"])
        if self._errors.fits(state["errors"]):
            self._errors.load(state["errors"])

    def merge(self, other: Self) -> None:
        """Add the state of a monitor with the same windows and edges.

        Raises
        ------
        ValueError
            If the edges differ.
        """
        self._errors.merge(other._errors)
        super().merge(other)
        for mine, theirs in zip(self._moments, other._moments, strict=True):
            mine.merge(theirs)
