"""How often the model is right, where the ground truth is logged with the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors import averages
from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.budget import Budget
from exporter.monitors.charts import Course, by_subwindow, course, shares
from exporter.monitors.labels import LabelValues
from exporter.placement import add_all, add_table, tabulate
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

CLASSES = 20
_SIDE = CLASSES + 1
_LABELS, _CLASS_LABELS, _CORRECT = 0, 1, 2
_KINDS = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts and rings at one moment; matrices are [predicted, actual]."""

    classes: list[tuple[int, str]]
    labels: int
    incorrect: int
    confusion: NDArray[np.int64]
    counts: tuple[RingView, ...]
    matrices: tuple[RingView, ...]


class Accuracy:
    """Accuracy with its Wilson bounds, the confusion matrix, precision, recall and F1.

    The first 20 classes are told apart in the matrix, whether predicted or actual; later ones are
    ``other`` there, while accuracy itself compares all classes.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new classes.
    """

    name: ClassVar[str] = "accuracy"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], budget: Budget
    ) -> None:
        self._labels = dict(labels)

        def grant() -> bool:
            # A class adds a row and a column to the matrix, and three figures to each window.
            known = len(self._classes.values)
            return budget.claim("model_confusion_total", 2 * known + 1 + 3 * len(windows))

        self._classes = LabelValues(CLASSES, grant=grant)
        self._labelled = 0
        self._incorrect = 0
        self._confusion = np.zeros((_SIDE, _SIDE), dtype=np.int64)
        self._counts = [WindowRing(window, (_KINDS,), np.int64) for window in windows]
        self._matrices = [WindowRing(window, (_SIDE, _SIDE), np.int32) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        labelled = batch.labelled
        if not labelled.any():
            return
        classes = labelled & (batch.label.codes >= 0)
        right = batch.right & classes
        everything = bool(classes.all())
        prediction = batch.prediction if everything else batch.prediction.where(classes)
        label = batch.label if everything else batch.label.where(classes)
        predicted, actual = self._classes.encode(prediction), self._classes.encode(label)
        cells = predicted * _SIDE + actual
        if not everything:
            cells[~classes] = -1
        counted = add_all(self._matrices, batch.placements, cells)
        self._confusion.reshape(-1)[: len(counted)] += counted
        # What is right has a class, and what has a class is labelled.
        most = labelled.astype(np.int64) + classes + right - 1
        table = tabulate(batch.placements, most, _KINDS, None)
        table = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
        add_table(self._counts, batch.placements, table)
        self._labelled += int(table[:, _LABELS].sum())
        self._incorrect += int((table[:, _CLASS_LABELS] - table[:, _CORRECT]).sum())

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._classes.numbered(),
            self._labelled,
            self._incorrect,
            self._confusion.copy(),
            tuple(ring.view() for ring in self._counts),
            tuple(ring.view() for ring in self._matrices),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges."""
        names, values = list(self._labels), list(self._labels.values())
        labels = CounterMetricFamily(
            "model_labels", "Predictions whose ground truth is known.", labels=names
        )
        labels.add_metric(values, snapshot.labels)
        incorrect = CounterMetricFamily(
            "model_labels_incorrect",
            "Predictions whose ground truth is another class.",
            labels=names,
        )
        incorrect.add_metric(values, snapshot.incorrect)
        confusion = CounterMetricFamily(
            "model_confusion",
            "Predictions by predicted and actual class.",
            labels=[*names, "predicted", "actual"],
        )
        for row, predicted in snapshot.classes:
            for column, actual in snapshot.classes:
                # All pairs are there from the first label on, so that increase() sees each start.
                confusion.add_metric(
                    [*values, predicted, actual], int(snapshot.confusion[row, column])
                )
        yield from (labels, incorrect, confusion)
        yield from self._accuracy(snapshot, now)
        yield from self._by_class(snapshot, now)
        yield from self._averages(snapshot, now)

    def _accuracy(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        known = GaugeMetricFamily(
            "model_window_labels",
            "Predictions of the window whose ground truth is known.",
            labels=names,
        )
        ratio = BoundedRatio(
            "model_accuracy_ratio",
            "Share of the window's labelled predictions that are right.",
            names,
        )
        for ring in snapshot.counts:
            labelled, classified, right = ring.total(now).tolist()
            at = [*values, ring.window.name]
            if labelled:
                known.add_metric(at, labelled)
            if classified:
                ratio.count(at, right, classified)
        yield from (known, *ratio)

    def courses(self, snapshot: Snapshot, now: float) -> Iterator[Course]:
        """Yield the accuracy."""
        for ring in snapshot.counts:
            cells = by_subwindow(ring, now)
            right = shares(cells[:, _CORRECT], cells[:, _CLASS_LABELS])
            yield course("accuracy", "ratio", self._labels, ring, now, right)

    def _by_class(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window", "class"], list(self._labels.values())
        precision = GaugeMetricFamily(
            "model_precision_ratio",
            "Share of the window's predictions of the class that are right.",
            labels=names,
        )
        recall = GaugeMetricFamily(
            "model_recall_ratio",
            "Share of the window's labels of the class that were predicted.",
            labels=names,
        )
        f1 = GaugeMetricFamily(
            "model_f1_score", "Harmonic mean of the class's precision and recall.", labels=names
        )
        for ring in snapshot.matrices:
            matrix = ring.total(now)
            predicted, actual = matrix.sum(axis=1), matrix.sum(axis=0)
            for position, name in snapshot.classes:
                if position == CLASSES:
                    # Two classes that are both `other` need not be the same.
                    continue
                at = [*values, ring.window.name, name]
                hits = int(matrix[position, position])
                if predicted[position]:
                    precision.add_metric(at, hits / int(predicted[position]))
                if actual[position]:
                    recall.add_metric(at, hits / int(actual[position]))
                if predicted[position] or actual[position]:
                    f1.add_metric(at, 2 * hits / int(predicted[position] + actual[position]))
        yield from (precision, recall, f1)

    def _averages(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        average = GaugeMetricFamily(
            "model_f1_average_score",
            "F1 score of the window over the first 20 classes.",
            labels=[*names, "average"],
        )
        balanced = GaugeMetricFamily(
            "model_balanced_accuracy_ratio",
            "Mean recall of the first 20 classes over the window.",
            labels=names,
        )
        for ring in snapshot.matrices:
            matrix = ring.total(now)
            at = [*values, ring.window.name]
            for which, score in averages.f1(matrix, CLASSES).items():
                average.add_metric([*at, which], score)
            recall = averages.balanced_accuracy(matrix, CLASSES)
            if recall is not None:
                balanced.add_metric(at, recall)
        yield from (average, balanced)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "classes": self._classes.dump(),
            "labelled": self._labelled,
            "incorrect": self._incorrect,
            "confusion": self._confusion.copy(),
            "counts": [ring.dump() for ring in self._counts],
            "matrices": [ring.dump() for ring in self._matrices],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._classes.load(**state["classes"])
        self._labelled = int(state["labelled"])
        self._incorrect = int(state["incorrect"])
        self._confusion[:] = state["confusion"]
        load_rings(self._counts, state["counts"])
        load_rings(self._matrices, state["matrices"])

    def merge(self, other: Accuracy) -> None:
        """Add the state of a monitor with the same windows."""
        numbers = self._classes.merge(other._classes)
        cells = (numbers[:, None] * _SIDE + numbers).reshape(-1)
        np.add.at(self._confusion.reshape(-1), cells, other._confusion.reshape(-1))
        self._labelled += other._labelled
        self._incorrect += other._incorrect
        for mine, theirs in zip(self._counts, other._counts, strict=True):
            mine.merge(theirs)
        for mine, theirs in zip(self._matrices, other._matrices, strict=True):
            mine.merge(theirs.rearranged(cells))
