"""Which key of a log holds which field, by its name and by what it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.parsing.fields import RECORD_FIELDS

Records = Sequence[Mapping[str, Any]]
"""Of each line what its keys hold; nested keys with a dot between."""
DEPTH = 3


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the record schema that logs often have under another name.

    Attributes
    ----------
    name
        Of the schema.
    pattern
        Names of keys, without what they lie in, that it may be found under.
    fits
        Tells whether a value can be one of it.
    """

    name: str
    pattern: str
    fits: Callable[[Any], bool]


def _number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and float(value) == float(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _ratio(value: Any) -> bool:
    return _number(value) and 0 <= float(value) <= 1


def _class_or_number(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and len(str(value)) <= 80


def _text(value: Any) -> bool:
    return isinstance(value, str | int) and 0 < len(str(value)) <= 200


def _time(value: Any) -> bool:
    return _number(value) or (isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\d", value)))


# In the order in which they are looked for: what comes first takes a key.
FIELDS = (
    Field("timestamp", r"@?timestamp|time|ts|datetime|date|asctime|created_at|event_time", _time),
    Field("request_id", r"request_?id|req_?id|trace_?id|correlation_?id|prediction_?id|id", _text),
    Field("model_version", r"model_?version|version|model_?tag|revision", _text),
    Field(
        "true_label",
        r"true_?label|label|target|actual|ground_?truth|y_?true|expected|true_?class|true_?value",
        _class_or_number,
    ),
    Field(
        "prediction",
        r"prediction|predicted(?:_?(?:class|label|value))?|pred|y_?pred|class|category|output|result"
        r"|pred(?:icted)?_?label",
        _class_or_number,
    ),
    Field("confidence", r"confidence|conf|score|probability|proba?|top_?score|max_?prob", _ratio),
    Field(
        "latency_ms",
        r"(?:latency|duration|elapsed|response_?time|took|inference_?time|processing_?time)"
        r"_?(?:ms|millis(?:econds)?)",
        _number,
    ),
    Field(
        "latency_us",
        r"(?:latency|duration|elapsed|response_?time|took)_?(?:us|micros(?:econds)?)",
        _number,
    ),
    Field(
        "latency_s",
        r"(?:latency|duration|elapsed|response_?time|took|inference_?time|request_?time"
        r"|processing_?time)(?:_?(?:s|secs?|seconds))?",
        _number,
    ),
    Field("error_type", r"error_?type|exception|exc_?type|error_?class|error_?code", _text),
    Field("error", r"error|err|error_?message|failed", lambda _: True),
    Field("features", r"features|inputs?|input_?data|x", lambda value: isinstance(value, dict)),
    Field(
        "probabilities",
        r"probabilities|probas|scores|class_?probabilities",
        lambda value: isinstance(value, dict) and all(map(_ratio, value.values())),
    ),
    Field("tokens_in", r"(?:prompt|input)_?tokens|tokens_in", _number),
    Field("tokens_out", r"(?:completion|output|generated)_?tokens|tokens_out", _number),
    Field("finish_reason", r"finish_?reason|stop_?reason", _text),
    Field("cost", r"cost(?:_?usd)?|price", _number),
)


def flattened(record: Mapping[str, Any], prefix: str = "", depth: int = DEPTH) -> dict[str, Any]:
    """Return what each key of a record holds, nested ones as ``outer.inner``, maps as well.

    >>> flattened({"score": {"top": 0.9}})
    {'score': {'top': 0.9}, 'score.top': 0.9}
    """
    found: dict[str, Any] = {}
    for key, value in record.items():
        if "." in key or not key:
            continue
        found[f"{prefix}{key}"] = value
        if isinstance(value, Mapping) and depth > 1:
            found |= flattened(value, f"{prefix}{key}.", depth - 1)
    return found


def mapping(records: Records) -> dict[str, str]:
    """Return the key of each field that is found; fields under their own name as well.

    A key is taken if nearly all of its values can be of the field; of several the least nested one.
    """
    keys: dict[str, list[Any]] = {}
    for record in records:
        for key, value in record.items():
            keys.setdefault(key, []).append(value)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in RECORD_FIELDS:
        if name in keys:
            found[name] = name
            taken.add(name)
    latency = any(name.startswith("latency_") for name in found)
    for field in FIELDS:
        if field.name in found or (latency and field.name.startswith("latency_")):
            continue
        for key in sorted(keys, key=lambda one: (one.count("."), one)):
            inside = any(key.startswith(f"{other}.") for other in taken)
            name = key.rpartition(".")[2].lower().replace("-", "_")
            if key in taken or inside or not re.fullmatch(field.pattern, name):
                continue
            held = [value for value in keys[key] if value not in (None, "")]
            if held and sum(map(field.fits, held)) >= 0.95 * len(held):
                found[field.name] = key
                taken.add(key)
                latency = latency or field.name.startswith("latency_")
                break
    return found
