"""Rows of the model's dashboard: the figures to look at first, and the four golden signals."""

from __future__ import annotations

from panels import Json, heatmap, lines, number, query, steps
from queries import BY_VERSION, MODEL, RECORDED, VERSION, WINDOW, buckets, firing, limit, rate

NO_PREDICTIONS = "Appears with the first prediction of the model."
NO_LATENCY = "Appears with the first prediction that logs `latency_ms`, `_s` or `_us`."
NO_SERVER = "Appears when `server` of the model says where its processes are."


def glance() -> list[Json]:
    """Return the figures to look at first."""
    return [
        number(
            "Accuracy",
            "Share of right predictions in the chosen window, of those whose true label is known. "
            "The lowest of the instances and versions.",
            f"min(model_accuracy_ratio{{{WINDOW}}})",
            empty="No true label came within the window.",
            unit="percentunit",
        ),
        number(
            "Estimated accuracy",
            "What the confidences of the chosen window promise, calibrated on the reference. The "
            "lowest of the instances and versions. It needs no labels.",
            f"min(model_estimated_accuracy_ratio{{{WINDOW}}})",
            empty="Needs `drift.reference`, built with labels.",
            unit="percentunit",
        ),
        number(
            "Mean confidence",
            "Mean confidence in the chosen window, the lowest of the instances and versions. A "
            "fall often comes before a fall of accuracy, and needs no labels.",
            f"min(model_confidence_mean{{{WINDOW}}})",
            empty="No prediction with a `confidence` in the window.",
            unit="percentunit",
        ),
        number(
            "Latency, 95th percentile",
            "19 of 20 predictions were answered within this time; the slowest instance or version.",
            f'max(model_latency_quantile_seconds{{{WINDOW},q="0.95"}})',
            empty="No prediction with a latency in the window.",
            unit="s",
        ),
        number(
            "Failed predictions",
            "Share of attempts that ended in an error in the chosen window; the worst instance or "
            "version.",
            f"max(model_error_ratio{{{WINDOW}}})",
            empty="No prediction in the window.",
            unit="percentunit",
        ),
        number(
            "Features that drift",
            "Number of inputs and outputs that differ from the reference. Any other number than 0 "
            "deserves a look at the dashboard Drift.",
            f"max(sum without (feature) (model_drift_detected{{{WINDOW}}}))",
            empty="Needs `drift.reference`.",
            unit="short",
            levels=steps("green", (1, "orange")),
        ),
        number(
            "Error budget left",
            "Of the objective that is worst off. Below 0 the promise is broken.",
            f"min(job_model_slo:model_error_budget_remaining:ratio{{{RECORDED}}})",
            empty="Needs `slo` of the model.",
            unit="percentunit",
            levels=steps("red", (0, "orange"), (0.25, "green")),
        ),
        number(
            "Firing alerts",
            "Alerts of this model that fire now, at any severity. 0 is what you want to see.",
            f"count({firing(RECORDED)}) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=steps("green", (1, "red")),
        ),
    ]


def golden_signals() -> list[Json]:
    """Return traffic, errors and latency."""
    latency = f"sum by (le) (rate(model_latency_seconds_bucket{{{VERSION}}}[$__rate_interval]))"
    return [
        lines(
            "Traffic",
            "Attempts per second by version, all instances together. A step in one version and "
            "the opposite step in another is a deployment.",
            [query(rate("model_predictions_total", VERSION, "version"), "{{version}}")],
            empty=NO_PREDICTIONS,
            unit="reqps",
            lowest=0,
            stacked=True,
        ),
        lines(
            "Errors by type",
            "Failed attempts per second, by the type of the error that was logged.",
            [query(rate("model_errors_total", VERSION, "error_type"), "{{error_type}}")],
            empty="No attempt failed: `error` or `error_type` in the log makes one.",
            unit="reqps",
            lowest=0,
            stacked=True,
        ),
        lines(
            "Share of failed predictions",
            "In the chosen window, with the limit of the exporter's configuration. Above the "
            "dashed line ModelErrorRatioHigh fires.",
            [query(f"model_error_ratio{{{WINDOW}}}", BY_VERSION), limit("max_error_ratio")],
            empty=NO_PREDICTIONS,
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
                query(f"histogram_quantile(0.99, {latency})", "99 %", exemplars=True),
                limit("max_latency_p95_seconds"),
            ],
            empty=NO_LATENCY,
            unit="s",
            width=12,
            lowest=0,
        ),
        heatmap(
            "Distribution of the latency",
            "Each column is a moment, each cell how many predictions took that long. Two bands "
            "mean two kinds of request, or one slow instance.",
            buckets("model_latency_seconds", VERSION),
            empty=NO_LATENCY,
            unit="s",
            width=12,
        ),
    ]


def saturation() -> list[Json]:
    """Return how full the server of the model is."""
    return [
        lines(
            "Processor",
            "Processors that the model's server keeps busy, its workers included. At the number "
            "that it may use, latency climbs next.",
            [query(rate("model_server_cpu_seconds_total", MODEL, "instance"), "{{instance}}")],
            empty=NO_SERVER,
            unit="short",
            lowest=0,
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of its processes. A steady climb ends in a restart.",
            [query(f"model_server_resident_memory_bytes{{{MODEL}}}", "{{instance}}")],
            empty=NO_SERVER,
            unit="bytes",
            lowest=0,
            width=6,
        ),
        lines(
            "File descriptors",
            "Share of its limit that the fullest process uses. At 90 % "
            "ModelServerFileDescriptorsHigh fires; at 100 % requests fail.",
            [query(f"model_server_worst_fd_ratio{{{MODEL}}}", "{{instance}}")],
            empty=NO_SERVER,
            unit="percentunit",
            lowest=0,
            highest=1,
            width=6,
        ),
        lines(
            "Processes and restarts",
            "Processes of the server, and how often its main process was replaced over the chosen "
            "window. Four restarts in an hour: ModelServerRestarting.",
            [
                query(f"model_server_processes{{{MODEL}}}", "processes {{instance}}"),
                query(
                    f"increase(model_server_restarts_total{{{MODEL}}}[$window])",
                    "restarts {{instance}}",
                ),
            ],
            empty=NO_SERVER,
            unit="short",
            lowest=0,
            width=6,
        ),
    ]
