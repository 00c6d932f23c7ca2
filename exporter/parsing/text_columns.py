"""Texts to the values that a record holds: what JSON says by its syntax, other formats do not.

The rules, for logfmt, CSV and regular expressions alike:

- Nothing is there where the text is empty or ``null``; in all fields but `prediction` and
  `true_label`, whose classes may be called so, also where it is ``-``, ``nil`` or ``None``.
- A class stays the text that was logged: ``007`` is no 7. Only where predictions are numbers (the
  `task`) they are read as such.
- A latency may carry a unit of its own, as Go writes it (``41.3ms``, ``1m2.5s``).
- With `task: ranking` and `task: multilabel` a text that begins with ``[`` is a list of JSON.
- A feature is a number where JSON would call it one, nothing where it is ``NaN``, else a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec

from exporter.parsing.columns import Columns
from exporter.parsing.fields import (
    CONTEXT_FIELDS,
    OPTIONAL_FIELDS,
    OPTIONAL_MAPS,
    OPTIONAL_NUMBERS,
    RECORD_FIELDS,
    keys_read,
)
from exporter.parsing.list_columns import LIST_TASKS
from exporter.parsing.withheld import NOTHING, Withheld
from exporter.records import RecordBatch

Texts = Sequence[str | None]
Violations = Counter[tuple[str, str]]

_FAILURES = ("error", "error_type")
_NO_CLASS = frozenset({"", "null"})
_NOTHING = _NO_CLASS | {"-", "nil", "None"}
_NO_FEATURE = _NOTHING | {"NaN", "nan"}
_CLASSES = ("prediction", "true_label")
_LATENCIES: Mapping[str, float] = {"latency_ms": 1e-3, "latency_s": 1.0, "latency_us": 1e-6}
_FALSE = frozenset({"false", "0", "no"})
_FRACTION = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?", re.ASCII)
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|μs|ns))+", re.ASCII)
_DURATION_PART = re.compile(r"([\d.]+)(\D+)", re.ASCII)
_DURATION_UNITS: Mapping[str, float] = {
    "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9,
}  # fmt: skip
_numbers_of_json = msgspec.json.Decoder(list[int | float | None]).decode
_number_of_json = msgspec.json.Decoder(int | float).decode
_list_of_json = msgspec.json.Decoder(list[Any]).decode
_map_of_json = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


class TextColumns:
    """Builds batches of texts, by the keys that a log names them with.

    Parameters
    ----------
    task
        As of :class:`exporter.parsing.columns.Columns`; in ``auto``, a prediction with a decimal
        point is a number where neither confidence nor probabilities are logged.
    fields
        Key of the log by field of the record schema, where it differs. A feature's key is that of
        `features`, a dot and its name; with `features` mapped to "" it is the name alone.
    features
        Names of the features to read; ``None`` for all, empty for none.
    other_models
        Names of the other configured models: their records are left to them.
    dot
        What stands for a dot in a key.
    withheld
        Takes out what nobody is to know.
    every
        Whether each record is an attempt, whatever it holds.
    """

    def __init__(
        self,
        task: str,
        fields: Mapping[str, str],
        features: Collection[str] | None,
        other_models: Collection[str],
        dot: str = ".",
        withheld: Withheld = NOTHING,
        *,
        every: bool = False,
    ) -> None:
        keys = {field: key.replace(".", dot) for field, key in keys_read(fields).items()}
        prefix = keys.pop("features")
        self._prefix = prefix and prefix + dot
        self._task = task
        self.keys: Mapping[str, str] = keys
        """Key of the log by field that is read."""
        self._reserved = {fields.get(field, field).replace(".", dot) for field in RECORD_FIELDS}
        self._features = (
            None
            if features is None
            else {name: self._prefix + name.replace(".", dot) for name in features}
        )
        self._columns = Columns(task, tuple(keys), every=every, withheld=withheld)
        self._other_models = frozenset(other_models)

    @property
    def measured(self) -> set[str]:
        """The keys of which a record must hold at least one to be measured."""
        return {key for field, key in self.keys.items() if field not in CONTEXT_FIELDS}

    @property
    def failures(self) -> set[str]:
        """The keys that tell nothing but whether an attempt failed."""
        return {key for field, key in self.keys.items() if field in _FAILURES}

    def batch(
        self,
        texts: Mapping[str, Texts],
        number: int,
        received: float,
        violations: Violations,
    ) -> tuple[RecordBatch, int]:
        """Build a batch.

        Parameters
        ----------
        texts
            Columns of equal length by key. Those of all keys that are there, or computed when
            they are asked for.
        number
            Their length.
        received
            Unix seconds at which the lines were read.
        violations
            Those found before.

        Returns
        -------
        batch, other_model
            The usable records, and how many belong to another model.
        """
        keep = self._ours(texts)
        features = self._features
        if features is None:
            features = {
                key.removeprefix(self._prefix): key
                for key in texts
                if key.startswith(self._prefix) and key not in (*self._reserved, self._prefix)
            }
        total = number if keep is None else sum(keep)

        def column(key: str, nothing: frozenset[str]) -> list[str | None]:
            found = texts.get(key)
            if found is None:
                return [None] * total
            return _blanked(found if keep is None else list(compress(found, keep)), nothing)

        found = Counter(violations)
        fields = {
            field: column(key, _NO_CLASS if field in _CLASSES else _NOTHING)
            for field, key in self.keys.items()
        }
        values = self._values(fields, found)
        batch = self._columns.batch(
            [values[field] for field in self.keys],
            {name: _features(column(key, _NO_FEATURE)) for name, key in features.items()},
            received,
            found,
        )
        return batch, number - total

    def _ours(self, texts: Mapping[str, Texts]) -> list[bool] | None:
        """Return which records are not another model's; ``None`` for all."""
        models = texts.get(self.keys["model"]) if self._other_models else None
        if models is None or self._other_models.isdisjoint(models):
            return None
        return [model not in self._other_models for model in models]

    def _values(self, texts: Mapping[str, list[str | None]], found: Violations) -> dict[str, Any]:
        values: dict[str, Any] = dict(texts)
        values["timestamp"] = _times(texts["timestamp"])
        values["confidence"] = _numbers(texts["confidence"], "confidence", None, found)
        for field, unit in _LATENCIES.items():
            values[field] = _numbers(texts[field], field, unit, found)
        for field in OPTIONAL_FIELDS:
            values[field] = _optional(texts.get(field, []), field, found)
        values["probabilities"] = _each(texts["probabilities"], _logged)
        if "error" in texts:
            values["error"] = [
                text is not None and text.lower() not in _FALSE for text in texts["error"]
            ]
        values["prediction"], values["true_label"] = self._outcomes(texts)
        return values

    def _outcomes(self, texts: Mapping[str, list[str | None]]) -> tuple[list[Any], list[Any]]:
        """Return predictions and labels, as numbers where the task says so."""
        predictions, labels = texts["prediction"], texts["true_label"]
        if self._task == "regression":
            return list(map(_number_or_text, predictions)), list(map(_number_or_text, labels))
        if self._task in LIST_TASKS:
            return list(map(_list_or_text, predictions)), list(map(_list_or_text, labels))
        if self._task == "classification" or "." not in "".join(filter(None, predictions)):
            return predictions, labels
        numeric = [
            prediction is not None
            and confidence is None
            and probabilities is None
            and _FRACTION.fullmatch(prediction) is not None
            for prediction, confidence, probabilities in zip(
                predictions, texts["confidence"], texts["probabilities"], strict=True
            )
        ]
        return _numbers_where(predictions, numeric), _numbers_where(labels, numeric)


def values_of(texts: Texts) -> list[Any]:
    """Return numbers where JSON would call a text one, ``None`` for what says so, else the text."""
    return _features(_blanked(texts, _NO_FEATURE))


def _blanked(texts: Texts, nothing: frozenset[str]) -> list[str | None]:
    if nothing.isdisjoint(texts):
        return list(texts)
    return [None if text in nothing else text for text in texts]


def _numbers(
    texts: list[str | None], field: str, unit: float | None, found: Violations
) -> list[float | None]:
    """Read numbers; with a `unit` in seconds, also durations. What is neither is counted."""
    if texts.count(None) == len(texts):
        return [None] * len(texts)
    try:
        if _plain("".join(texts)):  # type: ignore[arg-type]
            return list(map(float, texts))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        # Something is absent, or no number.
        pass
    numbers: list[float | None] = []
    for text in texts:
        number = None if text is None else _number(text)
        if text is not None and number is None:
            number = None if unit is None else _duration(text, unit)
            if number is None:
                found[field, "type"] += 1
        numbers.append(number)
    return numbers


def _optional(texts: list[str | None], field: str, found: Violations) -> list[Any] | None:
    """Read a field that many logs do not have; ``None`` where no record has it."""
    if field in OPTIONAL_MAPS:
        return _each(texts, lambda text: _map(text, field, found))
    if field in OPTIONAL_NUMBERS and texts.count(None) < len(texts):
        return _numbers(texts, field, 1e-3 if field.endswith("_ms") else None, found)
    return _each(texts, str)


def _each(texts: list[str | None], read: Callable[[str], Any]) -> list[Any] | None:
    """Read what is there; ``None`` where no record has anything."""
    if texts.count(None) == len(texts):
        return None
    return [None if text is None else read(text) for text in texts]


def _logged(text: str) -> Any:
    """Return what a text says in JSON; an empty list, which is no map, where it says nothing."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return []


def _map(text: str, field: str, found: Violations) -> dict[str, Any] | None:
    try:
        return _map_of_json(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found[field, "type"] += 1
        return None


def _plain(text: str) -> bool:
    # Python takes 1_000 and digits of other scripts for numbers; no log means them so.
    return text.isascii() and "_" not in text


def _number(text: str) -> float | None:
    try:
        return float(text) if _plain(text) else None
    except ValueError:
        return None


def _number_or_text(text: str | None) -> float | str | None:
    if text is None:
        return None
    number = _number(text)
    return text if number is None else number


def _list_or_text(text: str | None) -> Any:
    """Read a list as JSON writes it; any other text is a single class."""
    if text is None or not text.startswith("["):
        return text
    try:
        return _list_of_json(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text


def _numbers_where(texts: list[str | None], numeric: Iterable[bool]) -> list[Any]:
    return [
        _number_or_text(text) if number else text
        for text, number in zip(texts, numeric, strict=True)
    ]


def _duration(text: str, unit: float) -> float | None:
    """Return a duration as Go writes it, in units of `unit` seconds."""
    if not _DURATION.fullmatch(text):
        return None
    parts = _DURATION_PART.findall(text)
    return sum(float(number) * _DURATION_UNITS[name] for number, name in parts) / unit


def _times(texts: list[str | None]) -> list[Any]:
    """Return Unix times as numbers, and others as the texts that they are."""
    return [text if text is None or text[4:5] == "-" else _number_or_text(text) for text in texts]


def _features(texts: list[str | None]) -> list[Any]:
    try:
        joined = ",".join(texts)  # type: ignore[arg-type]
    except TypeError:
        joined = ",".join("null" if text is None else text for text in texts)
    try:
        # Only numbers pass, so that a comma more is an element more.
        values = _numbers_of_json(f"[{joined}]")
        if len(values) == len(texts):
            return values
    except (msgspec.DecodeError, ValueError):
        pass
    return list(map(_feature, texts))


def _feature(text: str | None) -> Any:
    # Most texts show with their first character that they are no number.
    if not text or text[0] not in "-0123456789":
        return text
    try:
        return _number_of_json(text)
    except (msgspec.DecodeError, ValueError):
        return text
