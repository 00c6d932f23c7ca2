"""The record schema: what each field means and may hold, for people and as JSON Schema.

Names, their order and the ranges of numbers are those of :mod:`exporter.parsing.fields`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.parsing.columns import MAX_LATENCY_SECONDS
from exporter.parsing.fields import MEASURED_FIELDS, OPTIONAL_NUMBERS, RECORD_FIELDS, keys_measured
from exporter.parsing.optional_columns import MAX_ID_LENGTH

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Schema = Mapping[str, Any]
_SCALAR_TYPES = ["string", "number", "boolean"]
_SCALAR_OR_NULL: _Schema = {"type": [*_SCALAR_TYPES, "null"]}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field may hold.

    Attributes
    ----------
    words
        For people.
    types
        Types in JSON; null is one in any case.
    rules
        Further keywords of JSON Schema.
    """

    words: str
    types: tuple[str, ...]
    rules: _Schema = field(default_factory=dict)

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value."""
        return {"type": [*self.types, "null"], **self.rules}


def _number(low: float = -math.inf, high: float = math.inf) -> Kind:
    bounds = {"minimum": low, "maximum": high}
    rules = {name: limit for name, limit in bounds.items() if math.isfinite(limit)}
    words = "number, 0 to 1" if (low, high) == (0.0, 1.0) else "number"
    return Kind(words, ("number",), rules)


def _map(of: _Schema, **rules: object) -> Kind:
    return Kind("object", ("object",), {"additionalProperties": of, **rules})


_TEXT = Kind("text", ("string",))
_RATIO = _number(0.0, 1.0)
_OUTCOME = Kind(
    "text, number, bool, or a list of these",
    (*_SCALAR_TYPES, "array"),
    {"items": {"type": _SCALAR_TYPES}},
)

_FIELDS: Mapping[str, tuple[Kind, str]] = {
    "timestamp": (
        Kind(
            "text or number",
            ("string", "number"),
            {"minimum": 0, "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d"},
        ),
        "RFC 3339 (UTC where it has no offset), or Unix seconds or milliseconds.",
    ),
    "request_id": (
        Kind(
            "text or whole number",
            ("string", "integer"),
            {"minLength": 1, "maxLength": MAX_ID_LENGTH},
        ),
        "Joins a later ground truth with its prediction.",
    ),
    "model": (_TEXT, "The model, where several log to one file."),
    "model_version": (Kind("text or number", ("string", "number")), "The label `version`."),
    "prediction": (
        _OUTCOME,
        "A class, or the number of a regression; see `task`. A list ranks, or holds many classes.",
    ),
    "true_label": (_OUTCOME, "The ground truth, where it is known at once."),
    "confidence": (_RATIO, "Of the predicted class."),
    "probabilities": (
        _map({"type": "number", "minimum": 0, "maximum": 1}, minProperties=1),
        "Of every class; the highest is the confidence where none is given.",
    ),
    "latency_ms": (
        _number(0.0, MAX_LATENCY_SECONDS * 1e3), "How long it took, in milliseconds.",
    ),
    "latency_s": (_number(0.0, MAX_LATENCY_SECONDS), "The same in seconds."),
    "latency_us": (_number(0.0, MAX_LATENCY_SECONDS * 1e6), "The same in microseconds."),
    "error": (
        Kind("any", (*_SCALAR_TYPES, "array", "object")),
        "The attempt failed; the text is not kept.",
    ),
    "error_type": (_TEXT, "The same, and the label `error_type`; never free text."),
    "input_length": (_number(), "Size of the input."),
    "oov_ratio": (_number(), "Share of tokens that the model does not know."),
    "escalated": (Kind("bool", ("boolean",)), "A person took over."),
    "cost": (_number(), "Of this prediction."),
    "threshold": (_number(), "That turned a probability into a class."),
    "features": (
        _map(_SCALAR_OR_NULL),
        "Inputs by name: number, text, bool or null. Read where a reference knows them.",
    ),
    "embedding": (
        Kind("list of numbers", ("array",), {"items": {"type": ["number", "null", "array"]}}),
        "Of the input. Read where a reference has embeddings, in logs of JSON.",
    ),
    "attributions": (_map({"type": ["number", "null"]}), "Contribution of each feature."),
    "uncertainty": (_number(), "Beside the confidence."),
    "slice": (_map(_SCALAR_OR_NULL), "Parts of the population, by name."),
    "shadow": (
        _map(_SCALAR_OR_NULL),
        "What another version said: `version`, `prediction`, `confidence`, `latency_ms`.",
    ),
    "arm": (_TEXT, "Of an A/B test."),
    "prediction_lower": (_number(), "Lower end of the interval that a regression predicts."),
    "prediction_upper": (_number(), "Its upper end."),
    "currency": (_TEXT, "Of `cost`, for example EUR."),
    "tokens_in": (_number(), "Tokens that a language model was given."),
    "tokens_out": (_number(), "Tokens that it generated."),
    "time_to_first_token_ms": (
        _number(), "How long it took to the first of them, in milliseconds.",
    ),
    "finish_reason": (_TEXT, "Why it stopped, for example stop or length."),
    "package_versions": (
        _map({"type": ["string", "null"]}),
        "Version of each package that the service runs on, logged at its start.",
    ),
}  # fmt: skip


def kind(name: str) -> Kind:
    """Return what a field may hold."""
    if name in OPTIONAL_NUMBERS:
        return _number(*OPTIONAL_NUMBERS[name])
    return _FIELDS[name][0]


def rows() -> list[tuple[str, str, str, str]]:
    """Return name, kind, whether it is read, and meaning of each field, in order."""
    return [
        (
            f"`{name}`",
            kind(name).words,
            "yes" if name in MEASURED_FIELDS else "",
            _FIELDS[name][1],
        )
        for name in RECORD_FIELDS
    ]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one record.

    A record that is valid is read without a violation and holds something to measure, under the
    configuration's defaults; lists are read for the tasks that have them. Not every other record is
    refused: the exporter makes the best of it.
    """
    properties = {
        name: {"description": _FIELDS[name][1], **kind(name).schema} for name in RECORD_FIELDS
    }
    return {
        "$schema": DIALECT,
        "title": "Record",
        "description": "One line of a prediction log.",
        "type": "object",
        "properties": properties,
        "anyOf": [
            {
                "required": [name],
                "properties": {name: {"not": {"enum": _NOTHING.get(name, _NO_TEXT)}}},
            }
            for name in RECORD_FIELDS
            if name in keys_measured({})
        ],
    }


_NO_TEXT: list[Any] = [None, ""]
_NOTHING: Mapping[str, list[Any]] = {"error": [None, "", False, 0, [], {}]}
"""Values by field that are no event by themselves."""
