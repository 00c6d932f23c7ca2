"""One model: whether it is up, right, and sure of itself."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, deploy_annotation
from panels import Json
from queries import MODEL, RECORDED
from rows.accuracy import accuracy, calibration
from rows.answers import confidence, slices, versions
from rows.signals import glance, golden_signals, saturation
from rows.tasks import language, lists_and_sets, regression
from variables import variables


def model() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-model",
        "Model",
        "One model: does it answer, is it right, does it know when it is not, for whom is it "
        "wrong, and is the new version better?",
        variables=variables("model", "version", "window"),
        rows=[
            Row("At a glance: $model over $window", glance()),
            Row("Golden signals", golden_signals()),
            Row("Saturation", saturation()),
            Row("Accuracy", accuracy()),
            Row("Calibration", calibration()),
            Row("Confidence and predictions", confidence()),
            Row("Slices", slices()),
            Row("Versions", versions()),
            Row("Numbers", regression(), collapsed=True),
            Row("Language models", language(), collapsed=True),
            Row("Ranked lists and sets of classes", lists_and_sets(), collapsed=True),
        ],
        annotations=[alert_annotation(RECORDED), deploy_annotation(MODEL)],
    )
