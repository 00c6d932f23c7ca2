"""Names of the record schema."""

from __future__ import annotations

from collections.abc import Mapping

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


CONTEXT_FIELDS = ("timestamp", "model", "model_version", "features")
"""Fields that say something about a record, but do not make it one."""


def keys_read(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the key that each measured field is read from, under a field mapping.

    An `error_type` that is mapped to ``error``, or to a part of it, says by itself that the attempt
    failed: `error`, unless it is mapped too, is then not read.
    """
    keys = {field: fields.get(field, field) for field in MEASURED_FIELDS}
    if "error" not in fields and f"{keys['error_type']}.".startswith("error."):
        del keys["error"]
    return keys


def keys_measured(fields: Mapping[str, str]) -> dict[str, str]:
    """Return those of :func:`keys_read` of which a record must hold one to count."""
    return {field: key for field, key in keys_read(fields).items() if field not in CONTEXT_FIELDS}
