"""The fields of an event, as the record schema has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, get_type_hints

Value = Any
"""A number, string, bool or ``None``, as Python or numpy has it."""


class LabelFields(TypedDict, total=False):
    """Fields that every event may have; all are optional."""

    timestamp: float | datetime
    """Unix seconds or an aware time; the clock's time where absent."""
    model: str
    model_version: str


class EventFields(LabelFields, total=False):
    """Fields that a prediction or an error may have; all are optional.

    A number that is not finite is written as ``null``.
    """

    request_id: str
    """Joins a later ground truth with its prediction."""
    true_label: Value
    """The ground truth, where it is known at once."""
    confidence: float
    """Of the predicted class, in 0..1."""
    probabilities: Mapping[Any, float]
    """Of every class."""
    latency_ms: float
    latency_s: float
    latency_us: float
    error_type: str
    input_length: int
    oov_ratio: float
    escalated: bool
    cost: float
    threshold: float
    features: Mapping[str, Value]
    """The inputs that drift is measured on, by name."""
    embedding: Sequence[float]
    attributions: Mapping[str, float]
    uncertainty: float
    slice: Mapping[str, Value]
    shadow: Mapping[str, Value]
    arm: str
    prediction_lower: float
    prediction_upper: float
    currency: str
    tokens_in: int
    tokens_out: int
    time_to_first_token_ms: float
    finish_reason: str
    package_versions: Mapping[str, str]
    """See :meth:`PredictionLogger.environment`."""


LABEL_FIELDS = frozenset(get_type_hints(LabelFields))
EVENT_FIELDS = frozenset(get_type_hints(EventFields))


def check(fields: Mapping[str, object], known: frozenset[str]) -> None:
    """Refuse what the record schema does not have.

    Raises
    ------
    TypeError
        Naming the fields.
    """
    if not fields.keys() <= known:
        unknown = sorted(fields.keys() - known)
        raise TypeError(f"no fields of this event: {unknown}; known: {', '.join(sorted(known))}")
