"""Columns beside the reference, those that drift first."""

from __future__ import annotations

import numpy as np
from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.charts import Shape
from exporter.status.figures import Figures
from exporter.status.of_drift import drift

AT = ["bot", "1", "5m"]
LABELS = ["model", "version", "window", "feature"]


def shape(feature):
    """Return a column of two cells."""
    half = np.array([0.5, 0.5])
    return Shape({"model": "bot", "version": "1"}, "5m", feature, ("low", "high"), half, half)


def test_columns_in_the_order_of_their_evidence():
    """Drift, then small p-values, then what could not be tested, with the reason."""
    pvalue = GaugeMetricFamily("model_drift_pvalue", "P.", labels=[*LABELS, "test"])
    adjusted = GaugeMetricFamily("model_drift_adjusted_pvalue", "P.", labels=[*LABELS, "test"])
    for feature, value in (("b", 0.5), ("c", 0.01), ("d", 0.04)):
        pvalue.add_metric([*AT, feature, "ks"], value / 2)
        adjusted.add_metric([*AT, feature, "ks"], value)
    detected = GaugeMetricFamily("model_drift_detected", "D.", labels=LABELS)
    detected.add_metric([*AT, "d"], 1)
    evaluable = GaugeMetricFamily("model_drift_evaluable", "E.", labels=[*LABELS, "reason"])
    evaluable.add_metric([*AT, "a", "too_few_rows"], 0)
    evaluable.add_metric([*AT, "b", ""], 1)
    evidence = GaugeMetricFamily(
        "model_drift_evidence_log10", "E.", labels=[*LABELS[:2], "feature"]
    )
    evidence.add_metric(["bot", "1", "d"], 12)
    figures = Figures([pvalue, adjusted, detected, evaluable, evidence])
    found = drift(figures, map(shape, "abcd"))
    assert [one.feature for one in found] == ["d", "c", "b", "a"]
    first, last = found[0], found[-1]
    assert (first.detected, first.evidence_log10) == (True, 12)
    (test,) = first.tests
    assert (test.test, test.pvalue, test.adjusted_pvalue, test.statistic) == (
        "ks",
        0.02,
        0.04,
        None,
    )
    assert (last.tests, last.not_evaluable, last.detected) == ([], "too_few_rows", False)
    assert found[2].not_evaluable == ""
    assert (first.cells, first.reference) == (["low", "high"], [0.5, 0.5])
