"""Write the dashboards of this folder: ``python grafana/build_dashboards.py``.

The JSON is what Grafana reads and what is committed; edit the rows here, never the JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from panels import Json, dashboard, data_source_variable, label_variable, layout
from queries import EXPORTER, MODEL
from rows.accuracy import accuracy
from rows.drift import drift
from rows.exporter import exporter
from rows.model import confidence, glance, golden_signals
from rows.syslog import syslog


def model_dashboard() -> Json:
    """Return the dashboard of one model and of the hosts and exporters around it."""
    return dashboard(
        "modeltail-model",
        "Model",
        "One model: is it up, right, sure of itself, and fed with what it was trained on? Then the "
        "system logs of the hosts, and whether the exporter can be believed.",
        [
            data_source_variable(),
            label_variable("job", "Job", "modeltail_build_info", many=True),
            label_variable("instance", "Instance", 'modeltail_build_info{job=~"$job"}', many=True),
            label_variable("model", "Model", f"model_info{{{EXPORTER}}}"),
            label_variable("version", "Version", f"model_window_predictions{{{MODEL}}}", many=True),
            label_variable("window", "Window", f"model_window_predictions{{{MODEL}}}"),
        ],
        layout(
            [
                ("At a glance: $model over $window", glance()),
                ("Golden signals", golden_signals()),
                ("Accuracy", accuracy()),
                ("Confidence and predictions", confidence()),
                ("Drift and data quality", drift()),
                ("System logs", syslog()),
                ("Exporter", exporter()),
            ]
        ),
    )


def main() -> None:
    """Write every dashboard as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parent / "dashboards"
    parser.add_argument("--output", type=Path, default=default, help="folder to write to")
    output = parser.parse_args().output
    for name, content in {"modeltail-model": model_dashboard()}.items():
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
        (output / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
