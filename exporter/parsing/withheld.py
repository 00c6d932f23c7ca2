"""Fields that nothing behind the parsers is to know: left out, or known by a hash only."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace

from exporter.parsing.fields import (
    EMBEDDING,
    FEATURES,
    MAPS,
    OPTIONAL_CLASSES,
    OPTIONAL_FLAGS,
    OPTIONAL_NUMBERS,
    REQUEST_ID,
)
from exporter.records import Categorical, FeatureColumn, RecordBatch

DROPPED = (
    REQUEST_ID, *MAPS, EMBEDDING, *OPTIONAL_NUMBERS, *OPTIONAL_FLAGS, *OPTIONAL_CLASSES,
)  # fmt: skip
"""Fields that records make sense without."""
HASHED = (REQUEST_ID, FEATURES, "slice")
"""Fields with texts that may tell who somebody is."""
LONGEST_KEY = 64
"""Bytes; BLAKE2b takes no more."""
_DIGEST_BYTES = 8

_Columns = Mapping[str, FeatureColumn]


def known(path: str, fields: Collection[str]) -> bool:
    """Return whether a path is one of some fields, or a name within a map that is.

    >>> known("features.email", HASHED), known("cost", HASHED), known("features.", HASHED)
    (True, False, False)
    """
    parent, dot, name = path.partition(".")
    return path in fields or bool(parent in fields and parent in MAPS and dot and name)


class Withheld:
    """Takes fields out of batches.

    The hash is keyed BLAKE2b (RFC 7693), 16 hexadecimal digits: who does not have the key can't try
    out names until one fits. Equal values have equal hashes in every field and file, so that a
    request still finds its later label.

    Parameters
    ----------
    drop, hashed
        Of :data:`DROPPED` and :data:`HASHED`, or ``features.NAME`` and the like; a whole map
        stands for all of its names.
    key
        At most :data:`LONGEST_KEY` bytes.
    """

    def __init__(
        self, drop: Collection[str] = (), hashed: Collection[str] = (), key: bytes = b""
    ) -> None:
        self._drop = frozenset(drop)
        self._hashed = frozenset(hashed)
        self._key = key

    def __bool__(self) -> bool:
        return bool(self._drop or self._hashed)

    def without(self, batch: RecordBatch) -> RecordBatch:
        """Return the batch without what is withheld."""
        if not self:
            return batch
        drop = self._drop
        return replace(
            batch,
            request_id=self._ids(batch.request_id),
            embedding=None if EMBEDDING in drop else batch.embedding,
            numbers={name: one for name, one in batch.numbers.items() if name not in drop},
            classes={name: one for name, one in batch.classes.items() if name not in drop},
            features=self._map(FEATURES, batch.features),
            maps={name: self._map(name, columns) for name, columns in batch.maps.items()},
        )

    def hash_of(self, value: str) -> str:
        """Return what stands for a value."""
        return hashlib.blake2b(value.encode(), digest_size=_DIGEST_BYTES, key=self._key).hexdigest()

    def _ids(self, ids: tuple[str | None, ...] | None) -> tuple[str | None, ...] | None:
        if ids is None or REQUEST_ID in self._drop:
            return None
        if REQUEST_ID not in self._hashed:
            return ids
        return tuple(None if one is None else self.hash_of(one) for one in ids)

    def _map(self, parent: str, columns: _Columns) -> _Columns:
        if parent in self._drop:
            return {}
        return {
            name: self._column(column) if {parent, f"{parent}.{name}"} & self._hashed else column
            for name, column in columns.items()
            if f"{parent}.{name}" not in self._drop
        }

    def _column(self, column: FeatureColumn) -> FeatureColumn:
        plain = column.categorical()
        values = tuple(map(self.hash_of, plain.values))
        return FeatureColumn(Categorical(plain.codes, values).decode())


NOTHING = Withheld()
