"""How good the logged probabilities are: log loss, Brier score, top-k accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.binary import BinaryClasses, logged
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import Floats, RecordBatch
from exporter.windows import Window

TOP = (2, 3, 5)
EPSILON = float(np.finfo(np.float64).eps)
"""A probability of 0 of what came true counts as this one, as in scikit-learn."""
_LABELS, _LOG_LOSS, _BRIER, _TOP = range(4)
_FULL = _TOP + len(TOP)
"""Sums over records with the probabilities of two classes or more; then the first three again."""
_CELLS = _FULL + _TOP
_ENOUGH = max(TOP) + 1


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """Sums, and whether the model has two classes or more than the k of a top-k."""

    binary: bool
    classes: int


class Probabilities(WindowedSums):
    """Log loss, Brier score, and for more than two classes top-k accuracy.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.

    Notes
    -----
    For each record with a ground truth and probabilities p_k: -ln p_actual (Good 1952), and
    sum over the classes of (p_k - [k is the actual class])^2 (Brier 1950), a class without a
    probability having 0. Of two classes half of that is exposed, (p - y)^2 of the positive one, as
    is usual there. A record is right at k if the actual class has a probability and fewer than k
    classes have a higher one. The probability of one class alone, or without any the confidence in
    the predicted class, tells that of the other one if there are two: such records are summed up
    apart, and count as long as no third class is known. So each record counts the same with
    whatever others it is read.
    """

    name: ClassVar[str] = "probabilities"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, _CELLS)
        self._classes = BinaryClasses()
        self._ranked: set[str] = set()

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        self._classes.see_batch(batch)
        if batch.scores is not None:
            self._rank(batch.scores.classes)
        if not (batch.label.codes >= 0).any():
            return
        judged = batch.labelled & (batch.label.codes >= 0)
        if not judged.any():
            return
        full = np.zeros(len(batch), dtype=np.bool_)
        if batch.scores is not None:
            by_class = np.ascontiguousarray(batch.scores.values.T)
            known = ~np.isnan(by_class)
            number = known.sum(axis=0)
            full = judged & (number >= 2)
            actual = logged(batch.label, batch.scores)
            rows = np.flatnonzero(full)
            if rows.size == len(batch):
                self._add(batch.placements, _of_all(by_class, actual))
                return
            if rows.size:
                self._add(placed(batch, rows), _of_all(by_class[:, rows], actual[rows]))
        if not self._few:
            return
        alone = np.where(batch.right, batch.confidence, 1 - batch.confidence)
        if batch.scores is not None:
            only = np.where(known, by_class, 0.0).sum(axis=0)
            alone = np.where(number == 1, np.where(np.isnan(actual), 1 - only, actual), alone)
        rows = np.flatnonzero(judged & ~full & ~np.isnan(alone))
        if rows.size:
            nothing = np.zeros(len(rows))
            columns = [*(nothing for _ in range(_FULL)), *_of_one(alone[rows])]
            self._add(placed(batch, rows), columns)

    @property
    def _few(self) -> bool:
        return len(self._classes.classes) <= 2

    def _rank(self, classes: Iterable[str]) -> None:
        for name in classes:
            if len(self._ranked) < _ENOUGH:
                self._ranked.add(name)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        binary = self._classes.pair is not None
        return Snapshot(sums.totals, sums.rings, binary, len(self._ranked))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first record that is judged."""
        totals = _judged(snapshot.totals, binary=snapshot.binary)
        if not totals[_LABELS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        for name, meaning, figure in (
            ("model_scored_labels", "Labelled predictions with probabilities.", totals[_LABELS]),
            (
                "model_label_surprisal_nats",
                "Sum of their negative logarithms of the probability of what came true.",
                totals[_LOG_LOSS],
            ),
            ("model_brier", "Sum of their Brier scores.", totals[_BRIER]),
        ):
            counter = CounterMetricFamily(name, meaning, labels=names)
            counter.add_metric(values, float(figure))
            yield counter
        loss = GaugeMetricFamily(
            "model_log_loss",
            "Mean negative logarithm of the probability of what came true in the window, in nats.",
            labels=[*names, "window"],
        )
        brier = GaugeMetricFamily(
            "model_brier_score",
            "Mean squared distance of the window's probabilities from what came true.",
            labels=[*names, "window"],
        )
        top = GaugeMetricFamily(
            "model_top_k_accuracy_ratio",
            "Share of the window's labels among the k most probable classes.",
            labels=[*names, "window", "k"],
        )
        for ring in snapshot.rings:
            sums = ring.total(now)
            ranked = sums[_LABELS]
            shares = sums[_TOP:_FULL] / max(ranked, 1)
            sums = _judged(sums, binary=snapshot.binary)
            at = [*values, ring.window.name]
            if sums[_LABELS]:
                loss.add_metric(at, float(sums[_LOG_LOSS] / sums[_LABELS]))
                brier.add_metric(at, float(sums[_BRIER] / sums[_LABELS]))
            for k, share in zip(TOP, shares.tolist(), strict=True):
                if ranked and snapshot.classes > k:
                    top.add_metric([*at, str(k)], share)
        yield from (loss, brier, top)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), "classes": self._classes.classes, "ranked": sorted(self._ranked)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the stored sums are others.
        """
        super().load(state)
        self._classes.see(state["classes"])
        self._rank(state["ranked"])

    def merge(self, other: Probabilities) -> None:
        """Add the state of a monitor with the same windows."""
        super().merge(other)
        self._classes.see(other._classes.classes)
        self._rank(other._ranked)


def _judged(sums: Floats, *, binary: bool) -> Floats:
    """Return labels, log loss and Brier score that count."""
    counted: Floats = sums[:_TOP].copy()
    if binary:
        # Of two classes both have the same squared error.
        counted[_BRIER] /= 2
        counted += sums[_FULL:]
    return counted


def _of_all(by_class: Floats, actual: Floats) -> list[Floats]:
    """Return what is summed up of records with probabilities, float64[classes, n]."""
    found = ~np.isnan(actual)
    if not found.all():
        actual = np.where(found, actual, 0.0)
    if np.isnan(by_class).any():
        by_class = np.nan_to_num(by_class)
    # A record without the actual class among its own is right at no k.
    higher = (by_class > actual).sum(axis=0) + _ENOUGH * ~found
    squares = np.einsum("ij,ij->j", by_class, by_class)
    return [
        np.ones(len(actual)),
        -np.log(np.clip(actual, EPSILON, 1 - EPSILON)),
        squares - actual**2 + (1 - actual) ** 2,
        *((higher < k).astype(np.float64) for k in TOP),
    ]


def _of_one(actual: Floats) -> list[Floats]:
    """Return what is summed up of records that tell the probability of one of two classes."""
    loss = -np.log(np.clip(actual, EPSILON, 1 - EPSILON))
    return [np.ones(len(actual)), loss, (1 - actual) ** 2]
