"""Whether a model still gets what it was trained on."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, deploy_annotation
from panels import Json
from queries import MODEL, RECORDED
from rows.features import course, distributions, ranking
from rows.inputs import attributions, changes, density, glance
from variables import variables


def drift() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-drift",
        "Drift",
        "One model: which inputs and outputs are not what they were in the reference, how sure "
        "that is, how large the difference is, and since when.",
        variables=variables("model", "version", "window", "feature"),
        rows=[
            Row("At a glance: $model over $window", glance()),
            Row("Features", ranking()),
            Row("Reference and now: $feature", distributions()),
            Row("Since when", course()),
            Row("Inputs as a whole", density()),
            Row("Attributions", attributions()),
            Row("Changes and the reference", changes()),
        ],
        annotations=[alert_annotation(RECORDED), deploy_annotation(MODEL)],
    )
