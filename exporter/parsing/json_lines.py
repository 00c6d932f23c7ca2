"""Prediction logs: JSON lines to a :class:`RecordBatch`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any

from exporter.errors import RecordRejectedError
from exporter.parsing.columns import Columns
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.fields import (
    EMBEDDING,
    OPTIONAL_FIELDS,
    OPTIONAL_FLAGS,
    OPTIONAL_MAPS,
    OPTIONAL_NUMBERS,
    embedding_key,
    keys_read,
)
from exporter.parsing.json_line import REFUSALS, Leaf, LineDecoder
from exporter.parsing.withheld import NOTHING, Withheld
from exporter.records import Parsed, RecordBatch
from exporter.tailing.lines import Lines

_KINDS: Mapping[str, str] = {
    "timestamp": "any",
    "model": "text",
    "model_version": "scalar",
    "prediction": "any",
    "true_label": "any",
    "confidence": "number",
    "probabilities": "any",
    "latency_ms": "number",
    "latency_s": "number",
    "latency_us": "number",
    "error": "any",
    "error_type": "text",
    "request_id": "scalar",
    "currency": "text",
    "finish_reason": "text",
    EMBEDDING: "any",
    **dict.fromkeys(OPTIONAL_NUMBERS, "number"),
    **dict.fromkeys(OPTIONAL_FLAGS, "scalar"),
    **dict.fromkeys(OPTIONAL_MAPS, "map"),
}
_RARE = frozenset(
    {"probabilities", "latency_s", "latency_us", "error_type", EMBEDDING, *OPTIONAL_FIELDS}
)
_EMPTY = b" \t\r\n\0"


class JsonLines:
    """Parses the prediction log of one model.

    Parameters
    ----------
    task
        ``auto``, ``classification`` or ``regression``.
    fields
        Key of the log line by field of the record schema, where it differs; dots descend.
    features
        Names of the logged features to read; ``None`` for all, empty for none.
    other_models
        Names of the other configured models: records that name one of them in their `model`
        field are theirs, and skipped here, so that models can share a file.
    embeddings
        Reads embeddings; absent, they are passed over without being decoded.
    withheld
        Takes out what nobody is to know.
    """

    reasons = ("not_json", "not_object", "too_deep")

    def __init__(
        self,
        task: str = "auto",
        fields: Mapping[str, str] | None = None,
        features: Collection[str] | None = (),
        other_models: Collection[str] = (),
        embeddings: Embeddings | None = None,
        withheld: Withheld = NOTHING,
    ) -> None:
        keys = {field: tuple(key.split(".")) for field, key in keys_read(fields or {}).items()}
        parent = keys.pop("features")
        embedding = embedding_key(fields or {})
        if embeddings is not None and embedding is not None:
            keys[EMBEDDING] = tuple(embedding.split("."))
        leaves = [
            Leaf(field, key, _KINDS[field], rare=field in _RARE) for field, key in keys.items()
        ]
        self._base = len(leaves)
        self._model = list(keys).index("model")
        self._features = None if features is None else tuple(features)
        if self._features is None:
            leaves.append(Leaf("features", parent, "map"))
        else:
            leaves += [Leaf("features", (*parent, name), "scalar") for name in self._features]
        self._decoder = LineDecoder(leaves)
        self._columns = Columns(task, tuple(keys), embeddings=embeddings, withheld=withheld)
        self._other_models = frozenset(other_models)

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode complete lines (without their line ends), read at Unix time `received`.

        Every line ends up in exactly one of `parsed`, `rejected` and `skipped`.
        """
        rejected: Counter[str] = Counter()
        skipped: Counter[str] = Counter()
        violations: Counter[tuple[str, str]] = Counter()
        examples: dict[str, tuple[int, str]] = {}
        try:
            records = self._decoder.fast(Lines.of(lines))
        except REFUSALS:
            records = []
            for position, line in enumerate(lines):
                try:
                    # Most lines of a block with a bad one are good.
                    records.append(self._decoder.good(line))
                except REFUSALS:
                    pass
                else:
                    continue
                if not line.strip(_EMPTY):
                    skipped["empty"] += 1
                    continue
                try:
                    record, broken = self._decoder.one(line.strip(_EMPTY))
                except RecordRejectedError as error:
                    rejected[error.reason] += 1
                    examples.setdefault(error.reason, (position, f"{error}: {line[:120]!r}"))
                else:
                    records.append(record)
                    violations.update(broken)
        columns = self._decoder.columns(records)
        if self._other_models:
            columns = self._ours(columns, skipped)
        features = self._feature_columns(columns[self._base :])
        batch = self._columns.batch(columns[: self._base], features, received, violations)
        return Parsed(batch, len(columns[0] or ()), rejected, skipped, examples)

    def _ours(
        self, columns: list[list[Any] | None], skipped: Counter[str]
    ) -> list[list[Any] | None]:
        mine = [model not in self._other_models for model in columns[self._model] or ()]
        theirs = len(mine) - sum(mine)
        if not theirs:
            return columns
        skipped["other_model"] += theirs
        return [None if column is None else list(compress(column, mine)) for column in columns]

    def _feature_columns(self, columns: Sequence[list[Any] | None]) -> dict[str, Sequence[Any]]:
        if self._features is not None:
            return {
                name: column or () for name, column in zip(self._features, columns, strict=True)
            }
        maps = [logged or {} for logged in columns[0] or ()]
        names = dict.fromkeys(name for each in maps for name in each)
        return {name: [each.get(name) for each in maps] for name in names}
