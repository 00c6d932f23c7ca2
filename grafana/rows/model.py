"""Rows about how a model does its work."""

from __future__ import annotations

from panels import Json, heatmap, lines, number, query
from queries import BY_VERSION, MODEL, VERSION, WINDOW, buckets, limit, rate


def glance() -> list[Json]:
    """Return the figures to look at first."""
    return [
        number(
            "Accuracy",
            "Share of right predictions in the chosen window, of those whose true label is known. "
            "The lowest of the instances and versions. Empty: no label came within the window.",
            f"min(model_accuracy_ratio{{{WINDOW}}})",
            unit="percentunit",
        ),
        number(
            "Mean confidence",
            "Mean confidence in the chosen window, the lowest of the instances and versions. A "
            "fall often comes before a fall of accuracy, and needs no labels.",
            f"min(model_confidence_mean{{{WINDOW}}})",
            unit="percentunit",
        ),
        number(
            "Latency, 95th percentile",
            "19 of 20 predictions were answered within this time; the slowest instance or version.",
            f'max(model_latency_quantile_seconds{{{WINDOW},q="0.95"}})',
            unit="s",
        ),
        number(
            "Failed predictions",
            "Share of attempts that ended in an error in the chosen window; the worst instance or "
            "version.",
            f"max(model_error_ratio{{{WINDOW}}})",
            unit="percentunit",
        ),
        number(
            "Features that drift",
            "Number of inputs and outputs that differ from the reference. Any other number than 0 "
            "deserves a look at the drift row.",
            f"max(sum without (feature) (model_drift_detected{{{WINDOW}}}))",
            unit="short",
            color="value",
            defaults={
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": "green", "value": None}, {"color": "orange", "value": 1}],
                }
            },
        ),
        number(
            "Firing alerts",
            "Alerts of this model that fire now, at any severity. 0 is what you want to see.",
            f'count(ALERTS{{{MODEL},alertstate="firing"}}) or vector(0)',
            unit="short",
            color="value",
            defaults={
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}],
                }
            },
        ),
    ]


def golden_signals() -> list[Json]:
    """Return traffic, errors and latency."""
    latency = f"sum by (le) (rate(model_latency_seconds_bucket{{{VERSION}}}[$__rate_interval]))"
    return [
        lines(
            "Predictions",
            "Attempts per second by version, all instances together. A step in one version and "
            "the opposite step in another is a deployment.",
            [query(rate("model_predictions_total", VERSION, "version"), "{{version}}")],
            unit="reqps",
            lowest=0,
            stacked=True,
        ),
        lines(
            "Errors by type",
            "Failed attempts per second, by the type of the error that was logged.",
            [query(rate("model_errors_total", VERSION, "error_type"), "{{error_type}}")],
            unit="reqps",
            lowest=0,
            stacked=True,
        ),
        lines(
            "Share of failed predictions",
            "In the chosen window, with the limit of the exporter's configuration. Above the "
            "dashed line ModelErrorRatioHigh fires.",
            [query(f"model_error_ratio{{{WINDOW}}}", BY_VERSION), limit("max_error_ratio")],
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "Latency",
            "Percentiles over all instances and the chosen versions, from the histogram. The "
            "alert judges the 95th of each instance and version against the dashed line.",
            [
                query(f"histogram_quantile(0.5, {latency})", "50 %"),
                query(f"histogram_quantile(0.95, {latency})", "95 %"),
                query(f"histogram_quantile(0.99, {latency})", "99 %"),
                limit("max_latency_p95_seconds"),
            ],
            unit="s",
            width=12,
            lowest=0,
        ),
        heatmap(
            "Distribution of the latency",
            "Each column is a moment, each cell how many predictions took that long. Two bands "
            "mean two kinds of request, or one slow instance.",
            buckets("model_latency_seconds", VERSION),
            unit="s",
            width=12,
        ),
    ]


def confidence() -> list[Json]:
    """Return how sure the model says it is, and what it says."""
    return [
        lines(
            "Mean confidence",
            "In the chosen window, with the limit of the exporter's configuration. Below the "
            "dashed line ModelConfidenceLow fires.",
            [query(f"model_confidence_mean{{{WINDOW}}}", BY_VERSION), limit("min_confidence")],
            unit="percentunit",
            highest=1,
        ),
        heatmap(
            "Distribution of the confidence",
            "Each column is a moment, each cell how many predictions had that confidence. Mass "
            "that moves from the top to the middle is a model that has become unsure.",
            buckets("model_confidence", VERSION),
            unit="percentunit",
        ),
        lines(
            "Predicted classes",
            "Share of each class among the predictions of the chosen window. A shift without a "
            "reason in the world outside is drift.",
            [query(f"model_prediction_share_ratio{{{WINDOW}}}", "{{class}} {{version}}")],
            unit="percentunit",
            lowest=0,
            highest=1,
        ),
    ]
