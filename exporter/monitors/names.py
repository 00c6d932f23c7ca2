"""The names of all monitors, for the command line, without importing any of them."""

from __future__ import annotations

ALL = (
    "accuracy",
    "confidence",
    "data_quality",
    "drift",
    "facts",
    "latency",
    "missing_features",
    "outliers",
    "syslog_anomaly",
    "syslog_counts",
    "throughput",
    "validation",
)
