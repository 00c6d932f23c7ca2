"""How good the logged probabilities are: log loss, Brier score, top-k accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.binary import BinaryClasses, is_class, probability
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import Categorical, Floats, Mask, RecordBatch, Scores
from exporter.windows import Window

TOP = (2, 3, 5)
EPSILON = float(np.finfo(np.float64).eps)
"""A probability of 0 of what came true counts as this one, as in scikit-learn."""
_LABELS, _LOG_LOSS, _BRIER, _RANKED, _TOP = range(5)
_CELLS = _TOP + len(TOP)


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
    is usual there. A record is right at k if fewer than k classes have a higher probability than
    the actual one. Without `probabilities` the confidence tells those of two classes.
    """

    name: ClassVar[str] = "probabilities"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, _CELLS)
        self._classes = BinaryClasses()
        self._most = 2

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        self._classes.see_batch(batch)
        if batch.scores is not None:
            self._most = max(self._most, len(batch.scores.classes))
        if not (batch.label.codes >= 0).any():
            return
        rows = np.flatnonzero(batch.labelled & (batch.label.codes >= 0))
        pair = self._classes.pair
        if not rows.size:
            return
        # Not the whole batch: it has features, too.
        label = batch.label.take(rows)
        if batch.scores is not None:
            known, columns = _of_all(label, batch.scores.take(rows))
        elif pair is not None:
            known, columns = _of_two(label, probability(batch, pair)[rows], pair[1])
        else:
            return
        if known.any():
            chosen = rows[known]
            self._add(placed(batch, chosen), [column[known] for column in columns])

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, self._classes.pair is not None, self._most)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first record that is judged."""
        totals = snapshot.totals
        if not totals[_LABELS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        # Of two classes both have the same squared error.
        brier_of = 0.5 if snapshot.binary else 1.0
        for name, meaning, figure in (
            ("model_scored_labels", "Labelled predictions with probabilities.", totals[_LABELS]),
            (
                "model_label_surprisal_nats",
                "Sum of their negative logarithms of the probability of what came true.",
                totals[_LOG_LOSS],
            ),
            ("model_brier", "Sum of their Brier scores.", totals[_BRIER] * brier_of),
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
            at = [*values, ring.window.name]
            if sums[_LABELS]:
                loss.add_metric(at, float(sums[_LOG_LOSS] / sums[_LABELS]))
                brier.add_metric(at, float(brier_of * sums[_BRIER] / sums[_LABELS]))
            for position, k in enumerate(TOP):
                if sums[_RANKED] and snapshot.classes > k:
                    share = float(sums[_TOP + position] / sums[_RANKED])
                    top.add_metric([*at, str(k)], share)
        yield from (loss, brier, top)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), "classes": self._classes.classes, "most": self._most}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the stored sums are others.
        """
        super().load(state)
        self._classes.see(state["classes"])
        self._most = int(state["most"])

    def merge(self, other: Probabilities) -> None:
        """Add the state of a monitor with the same windows."""
        super().merge(other)
        self._classes.see(other._classes.classes)
        self._most = max(self._most, other._most)


def _of_all(label: Categorical, scores: Scores) -> tuple[Mask, list[Floats]]:
    """Return which records have probabilities, and what is summed up of each."""
    known: Mask = np.atleast_1d(~np.isnan(scores.values).all(axis=1))
    logged = np.nan_to_num(scores.values)
    position = {name: place for place, name in enumerate(scores.classes)}
    place = np.array([position.get(name, -1) for name in label.values])[label.codes]
    actual = np.where(place >= 0, logged[np.arange(len(place)), place], 0.0)
    brier = (logged**2).sum(axis=1) - actual**2 + (1 - actual) ** 2
    higher = (logged > actual[:, None]).sum(axis=1)
    return known, [
        np.ones(len(actual)),
        -np.log(np.clip(actual, EPSILON, 1 - EPSILON)),
        brier,
        np.ones(len(actual)),
        *((higher < k).astype(np.float64) for k in TOP),
    ]


def _of_two(label: Categorical, score: Floats, positive: str) -> tuple[Mask, list[Floats]]:
    actual = np.where(is_class(label, positive), score, 1 - score)
    known = ~np.isnan(score)
    nothing = np.zeros(len(score))
    return known, [
        np.ones(len(score)),
        -np.log(np.clip(actual, EPSILON, 1 - EPSILON)),
        2 * (1 - actual) ** 2,
        nothing,
        *(nothing for _ in TOP),
    ]
