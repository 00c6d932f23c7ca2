"""The names of all monitors, for the command line, without importing any of them."""

from __future__ import annotations

ALL = (
    "accuracy",
    "attribution",
    "confidence",
    "dependencies",
    "drift",
    "environment",
    "facts",
    "latency",
    "missing_features",
    "syslog_anomaly",
    "syslog_counts",
    "throughput",
    "validation",
)
