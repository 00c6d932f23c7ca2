"""Rows of the model's dashboard: what it says and how sure it is, by slice and by version."""

from __future__ import annotations

from panels import Json, heatmap, lines, override, query
from queries import BY_VERSION, VERSION, WINDOW, buckets, limit
from queries import accuracy as right_labels
from rows.signals import NO_PREDICTIONS
from tables import table

NO_CONFIDENCE = "Appears with the first prediction that logs `confidence` or `probabilities`."
NO_SLICES = (
    "Appears with `slices` of the model: names in the logged `slice`, such as region, or of logged "
    "features."
)


def confidence() -> list[Json]:
    """Return how sure the model says it is, and what it says."""
    return [
        lines(
            "Mean confidence",
            "In the chosen window, with the limit of the exporter's configuration. Below the "
            "dashed line ModelConfidenceLow fires.",
            [query(f"model_confidence_mean{{{WINDOW}}}", BY_VERSION), limit("min_confidence")],
            empty=NO_CONFIDENCE,
            unit="percentunit",
            highest=1,
        ),
        heatmap(
            "Distribution of the confidence",
            "Each column is a moment, each cell how many predictions had that confidence. Mass "
            "that moves from the top to the middle is a model that has become unsure.",
            buckets("model_confidence", VERSION),
            empty=NO_CONFIDENCE,
            unit="percentunit",
        ),
        lines(
            "Predicted classes",
            "Share of each class among the predictions of the chosen window. A shift without a "
            "reason in the world outside is drift.",
            [
                query(
                    f"model_prediction_share_ratio{{{WINDOW}}}",
                    "{{class}} {{version}} {{instance}}",
                )
            ],
            empty="Appears with the first prediction of a class.",
            unit="percentunit",
            lowest=0,
            highest=1,
        ),
    ]


def slices() -> list[Json]:
    """Return who is served worse than others."""
    labels = "slice, value, version"
    return [
        table(
            "Slices, the worst first",
            "Accuracy in the chosen window by slice, the lowest of the instances. Look at the "
            "number of labels before you believe a difference: with 20 labels 10 points are noise.",
            {
                "Accuracy": f"min by ({labels}) (model_slice_accuracy_ratio{{{WINDOW}}})",
                "Labels": f"min by ({labels}) (model_slice_window_labels{{{WINDOW}}})",
                "Confidence": f"min by ({labels}) (model_slice_confidence_mean{{{WINDOW}}})",
                "Predictions": f"sum by ({labels}) (model_slice_window_predictions{{{WINDOW}}})",
            },
            empty=NO_SLICES,
            width=12,
            sort=[("Accuracy", False)],
            overrides=[
                override("byName", name, unit="percentunit") for name in ("Accuracy", "Confidence")
            ],
        ),
        lines(
            "Accuracy by slice",
            "In the chosen window. One slice that leaves the others: a change that only some "
            "users feel, which the accuracy of all hides.",
            [
                query(
                    f"model_slice_accuracy_ratio{{{WINDOW}}}",
                    "{{slice}}: {{value}} {{version}} {{instance}}",
                ),
                limit("min_accuracy"),
            ],
            empty=NO_SLICES,
            unit="percentunit",
            highest=1,
            width=12,
        ),
    ]


def versions() -> list[Json]:
    """Return the versions beside each other."""
    columns = {
        "Predictions": f"sum by (version) (model_window_predictions{{{WINDOW}}})",
        "Labels": f"sum by (version) (model_window_labels{{{WINDOW}}})",
        "Accuracy": right_labels(VERSION, "version", "$window"),
        "at least": f"min by (version) (model_accuracy_lower_ratio{{{WINDOW}}})",
        "at most": f"max by (version) (model_accuracy_upper_ratio{{{WINDOW}}})",
        "Estimated": f"min by (version) (model_estimated_accuracy_ratio{{{WINDOW}}})",
        "Confidence": f"min by (version) (model_confidence_mean{{{WINDOW}}})",
        "Calibration error": f"max by (version) (model_expected_calibration_error{{{WINDOW}}})",
        "Failed": f"max by (version) (model_error_ratio{{{WINDOW}}})",
        "p95": f'max by (version) (model_latency_quantile_seconds{{{WINDOW},q="0.95"}})',
    }
    units = {"Predictions": "short", "Labels": "short", "p95": "s"}
    return [
        table(
            "Versions compared",
            "One row a version, over the chosen window. A new version is better where its interval "
            "(at least, at most) lies above that of the old one; where intervals overlap, wait for "
            "more labels. Confidence, failures and 95th percentile: of the worst instance.",
            columns,
            empty=NO_PREDICTIONS,
            unit="percentunit",
            sort=[("Predictions", True)],
            overrides=[override("byName", name, unit=unit) for name, unit in units.items()],
        )
    ]
