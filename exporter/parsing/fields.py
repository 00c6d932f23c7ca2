"""Names of the record schema."""

from __future__ import annotations

RECORD_FIELDS = (
    "timestamp",
    "request_id",
    "model",
    "model_version",
    "prediction",
    "true_label",
    "confidence",
    "probabilities",
    "latency_ms",
    "latency_s",
    "latency_us",
    "error",
    "error_type",
    "input_length",
    "oov_ratio",
    "escalated",
    "cost",
    "threshold",
    "features",
    "embedding",
    "attributions",
    "uncertainty",
    "slice",
    "shadow",
    "arm",
)
"""Fields that can be mapped to another key of the log line."""

MEASURED_FIELDS = (
    "timestamp",
    "model",
    "model_version",
    "prediction",
    "true_label",
    "confidence",
    "probabilities",
    "latency_ms",
    "latency_s",
    "latency_us",
    "error",
    "error_type",
    "features",
)
"""Fields that a monitor reads; the others are passed over without being decoded."""
