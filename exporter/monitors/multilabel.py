"""How far a predicted set of classes agrees with the actual one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import RecordBatch
from exporter.windows import Window

_CELLS = range(6)
_LABELS, _EXACT, _JACCARD, _RIGHT, _WRONG, _MISSED = _CELLS


class Multilabel(WindowedSums):
    """Subset accuracy, mean Jaccard index, and micro-averaged precision, recall and F1.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "multilabel"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, len(_CELLS))

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch of the task ``multilabel``."""
        if batch.prediction_lists is None or batch.label_lists is None:
            return
        rows = np.flatnonzero(
            batch.labelled & batch.prediction_lists.present & batch.label_lists.present
        )
        if not rows.size:
            return
        predicted, actual = batch.prediction_lists.take(rows), batch.label_lists.take(rows)
        right = np.bincount(predicted.rows[predicted.found_in(actual)], minlength=len(rows))
        wrong, missed = predicted.lengths - right, actual.lengths - right
        either = right + wrong + missed
        exact = (wrong == 0) & (missed == 0)
        # Two empty sets are the same set.
        jaccard = np.where(either > 0, right / np.maximum(either, 1), 1.0)
        columns = [np.ones(len(rows)), exact, jaccard, right, wrong, missed]
        self._add(placed(batch, rows), columns)

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first labelled set."""
        totals = snapshot.totals
        if not totals[_LABELS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        exact = CounterMetricFamily(
            "model_subset_correct", "Sets of classes predicted without a mistake.", labels=names
        )
        exact.add_metric(values, float(totals[_EXACT]))
        jaccard = CounterMetricFamily(
            "model_jaccard",
            "Sum over labelled sets of the share of classes in both, of those in either.",
            labels=names,
        )
        jaccard.add_metric(values, float(totals[_JACCARD]))
        classes = CounterMetricFamily(
            "model_multilabel_classes",
            "Classes of labelled sets: predicted and right, predicted and wrong, or missed.",
            labels=[*names, "outcome"],
        )
        for outcome, cell in (("right", _RIGHT), ("wrong", _WRONG), ("missed", _MISSED)):
            classes.add_metric([*values, outcome], float(totals[cell]))
        yield from (exact, jaccard, classes)
        yield from self._of_sets(snapshot, now)
        yield from self._of_classes(snapshot, now)

    def _of_sets(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        ratio = BoundedRatio(
            "model_subset_accuracy_ratio",
            "Share of the window's labelled sets of classes that hold no mistake.",
            names,
        )
        jaccard = GaugeMetricFamily(
            "model_jaccard_score",
            "Mean over the window's labelled sets of the share of classes in both, of those in "
            "either.",
            labels=names,
        )
        for ring in snapshot.rings:
            total = ring.total(now).tolist()
            labelled = total[_LABELS]
            if not labelled:
                continue
            at = [*values, ring.window.name]
            ratio.count(at, total[_EXACT], labelled)
            jaccard.add_metric(at, total[_JACCARD] / labelled)
        yield from (*ratio, jaccard)

    def _of_classes(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        precision = GaugeMetricFamily(
            "model_micro_precision_ratio",
            "Share of all classes in the window's predicted sets that are right.",
            labels=names,
        )
        recall = GaugeMetricFamily(
            "model_micro_recall_ratio",
            "Share of all classes in the window's actual sets that were predicted.",
            labels=names,
        )
        f1 = GaugeMetricFamily(
            "model_micro_f1_score",
            "Harmonic mean of model_micro_precision_ratio and model_micro_recall_ratio.",
            labels=names,
        )
        for ring in snapshot.rings:
            total = ring.total(now).tolist()
            right, wrong, missed = total[_RIGHT], total[_WRONG], total[_MISSED]
            at = [*values, ring.window.name]
            if right + wrong:
                precision.add_metric(at, right / (right + wrong))
            if right + missed:
                recall.add_metric(at, right / (right + missed))
            if right + wrong + missed:
                f1.add_metric(at, 2 * right / (2 * right + wrong + missed))
        yield from (precision, recall, f1)
