"""The names of all monitors, for the command line, without importing any of them."""

from __future__ import annotations

ALL = (
    "accuracy",
    "attribution",
    "calibration",
    "confidence",
    "data_quality",
    "decision_threshold",
    "dependencies",
    "drift",
    "environment",
    "facts",
    "finish",
    "first_token",
    "ground_truth",
    "intervals",
    "latency",
    "missing_features",
    "multilabel",
    "outliers",
    "probabilities",
    "ranking",
    "regression",
    "scores",
    "syslog_anomaly",
    "syslog_counts",
    "throughput",
    "tokens",
    "validation",
)
