"""Names of the record schema."""

from __future__ import annotations

import math
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
    "prediction_lower",
    "prediction_upper",
    "currency",
    "tokens_in",
    "tokens_out",
    "time_to_first_token_ms",
    "finish_reason",
    "package_versions",
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
    "request_id",
    "input_length",
    "oov_ratio",
    "escalated",
    "cost",
    "currency",
    "threshold",
    "uncertainty",
    "prediction_lower",
    "prediction_upper",
    "tokens_in",
    "tokens_out",
    "time_to_first_token_ms",
    "finish_reason",
    "slice",
    "shadow",
    "attributions",
    "package_versions",
    "embedding",
    "features",
)
"""Fields that a monitor reads; the others are passed over without being decoded."""

OPTIONAL_NUMBERS: Mapping[str, tuple[float, float]] = {
    "input_length": (0.0, 1e15),
    "oov_ratio": (0.0, 1.0),
    "cost": (0.0, 1e15),
    "threshold": (0.0, 1.0),
    "uncertainty": (0.0, 1e15),
    "prediction_lower": (-math.inf, math.inf),
    "prediction_upper": (-math.inf, math.inf),
    "tokens_in": (0.0, 1e15),
    "tokens_out": (0.0, 1e15),
    "time_to_first_token_ms": (0.0, 1e12),
}
"""Fields that many logs do not have, with the least and the greatest number that they may hold."""

REQUEST_ID = "request_id"
FEATURES = "features"
EMBEDDING = "embedding"
OPTIONAL_FLAGS = ("escalated",)
OPTIONAL_CLASSES = ("currency", "finish_reason")
OPTIONAL_MAPS = ("slice", "shadow", "attributions", "package_versions")
MAPS = (FEATURES, *OPTIONAL_MAPS)
"""Fields that hold a value by name."""
OPTIONAL_FIELDS = (
    REQUEST_ID, *OPTIONAL_NUMBERS, *OPTIONAL_FLAGS, *OPTIONAL_CLASSES, *OPTIONAL_MAPS,
)  # fmt: skip
"""Fields that cost nothing where a log does not have them."""

CONTEXT_FIELDS = (
    "timestamp",
    "model",
    "model_version",
    "features",
    "request_id",
    "threshold",
    "uncertainty",
    "prediction_lower",
    "prediction_upper",
    "currency",
    "slice",
    "shadow",
    "attributions",
)
"""Fields that say something about a record, but do not make it one."""


NO_ATTEMPT_FIELDS = ("package_versions",)
"""Fields that make a record, but not one of an attempt."""


def keys_read(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the key that each measured field is read from, under a field mapping.

    An `error_type` that is mapped to ``error``, or to a part of it, says by itself that the attempt
    failed: `error`, unless it is mapped too, is then not read. Nor is an optional field whose own
    name is part of another field's key, as in ``model_version: slice.version``. Embeddings are read
    where somebody asks for them (:func:`embedding_key`).
    """
    keys = {field: fields.get(field, field) for field in MEASURED_FIELDS if field != EMBEDDING}
    taken = {key.partition(".")[0] for field, key in fields.items() if field != "features"}
    for field in OPTIONAL_FIELDS:
        if field not in fields and field in taken:
            del keys[field]
    if "error" not in fields and f"{keys['error_type']}.".startswith("error."):
        del keys["error"]
    return keys


def embedding_key(fields: Mapping[str, str]) -> str | None:
    """Return the key of embeddings; ``None`` if it is part of another field's key."""
    taken = {key.partition(".")[0] for key in fields.values()}
    return fields.get(EMBEDDING, None if EMBEDDING in taken else EMBEDDING)


def keys_measured(fields: Mapping[str, str]) -> dict[str, str]:
    """Return those of :func:`keys_read` of which a record must hold one to count."""
    return {field: key for field, key in keys_read(fields).items() if field not in CONTEXT_FIELDS}
