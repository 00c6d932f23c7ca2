"""Whether the model is as often right as it says: the reliability of its confidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.binary import logged
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.placement import tabulate
from exporter.records import Floats, RecordBatch
from exporter.windows import Window

BINS = 10
EDGES = tuple(str(edge / BINS) for edge in range(1, BINS + 1))
"""Upper edges of the bins, values of the label `bin`."""


def of_prediction(batch: RecordBatch) -> Floats:
    """Return float64[n], how probable the predicted class was held, NaN where unknown.

    That is not the highest probability where a threshold other than a half decides.
    """
    if batch.scores is None:
        return batch.confidence
    found = logged(batch.prediction, batch.scores)
    unknown = np.isnan(found)
    if unknown.any():
        found[unknown] = batch.confidence[unknown]
    return found


class Calibration(WindowedSums):
    """Reliability bins of the confidence, and the expected calibration error.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.

    Notes
    -----
    The error is sum over the bins of n_b / n |right_b / n_b - confidence_b / n_b|, with ten bins
    of equal width, each with its upper edge: Guo et al. (2017), On Calibration of Modern Neural
    Networks, https://arxiv.org/abs/1706.04599, equation 3.
    """

    name: ClassVar[str] = "calibration"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, 3 * BINS)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        if not (batch.label.codes >= 0).any():
            return
        confidence = of_prediction(batch)
        judged = batch.labelled & (batch.label.codes >= 0) & ~np.isnan(confidence)
        if not judged.any():
            return
        with np.errstate(invalid="ignore"):
            bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1)
        if judged.all():
            bins = bins.astype(np.int64)
        else:
            bins = np.where(judged, np.nan_to_num(bins), -1).astype(np.int64)
        outcomes = np.where(judged, bins + BINS * batch.right, -1)
        placements = batch.placements
        wrong, right = np.split(tabulate(placements, outcomes, 2 * BINS, None), 2, axis=1)
        sums = tabulate(placements, bins, BINS, confidence)
        self._add_table(placements, np.concatenate((wrong + right, sums, right), axis=1))

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield the bins as counters, and the error; nothing before the first judged record."""
        number, confidence, right = snapshot.totals.reshape(3, BINS)
        if not number.any():
            return
        names, values = list(self._labels), list(self._labels.values())
        for name, meaning, column in (
            (
                "model_calibration_predictions",
                "Predictions with a ground truth and a confidence, by bin.",
                number,
            ),
            ("model_calibration_confidence", "Sum of their confidences.", confidence),
            ("model_calibration_correct", "How many of them are right.", right),
        ):
            family = CounterMetricFamily(name, meaning, labels=[*names, "bin"])
            for edge, count in zip(EDGES, column.tolist(), strict=True):
                family.add_metric([*values, edge], count)
            yield family
        error = GaugeMetricFamily(
            "model_expected_calibration_error",
            "Mean distance of accuracy and confidence over the bins of the window's predictions.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            number, confidence, right = ring.total(now).reshape(3, BINS)
            if number.any():
                distance = float(np.abs(right - confidence).sum() / number.sum())
                error.add_metric([*values, ring.window.name], distance)
        yield error
