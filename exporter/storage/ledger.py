"""What is stored already, and hence what a commit has to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from exporter.storage.encoding import encode
from exporter.storage.nesting import ROOT, child, lifted
from exporter.storage.rows import Rows


@dataclass(slots=True)
class Changes:
    """What a commit has to do to one part, and how the ledger reads once it has.

    Attributes
    ----------
    anew
        Whether all rows that the part has in storage, known or not, are to be deleted first.
    written, removed
        Encoded rows by their path, and paths of rows.
    """

    anew: bool
    written: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    digests: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, tuple[Rows, dict[str, int]]] = field(default_factory=dict)
    inside: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.anew or bool(self.written or self.removed)


class _Part:
    """The ledger of one part.

    A row is looked at if the version of it, and of all rows it lies in, differs from the stored
    one; it is written if its bytes differ as well.
    """

    def __init__(self, digests: dict[str, bytes] | None) -> None:
        self._unknown = digests is None
        self._digests = digests or {}
        self._versions: dict[str, tuple[Rows, dict[str, int]]] = {}
        self._inside: dict[str, set[str]] = {}

    def stage(self, state: Any) -> Changes:
        """Compare a state with what is stored."""
        changes = Changes(anew=self._unknown)
        first = not self._versions and not self._inside
        self._row(ROOT, state, changes)
        if first:
            # Everything was looked at: what is left belongs to no owner any more.
            changes.removed = self._digests.keys() - changes.digests.keys()
        return changes

    def _row(self, path: str, value: Any, changes: Changes) -> None:
        found: dict[str, Rows] = {}
        data = encode(lifted(value, path, found))
        digest = blake2b(data, digest_size=8).digest()
        changes.digests[path] = digest
        if self._digests.get(path) != digest:
            changes.written[path] = data
        before = self._inside.get(path)
        if before or found:
            changes.inside[path] = set(found)
        for gone in (before or set()) - found.keys():
            self._drop(gone, changes)
        for name, rows in found.items():
            self._rows(name, rows, changes)

    def _rows(self, path: str, rows: Rows, changes: Changes) -> None:
        owner, stored = self._versions.get(path, (rows, {}))
        current = dict(rows.versions())
        changes.versions[path] = rows, current
        known = stored if owner == rows else {}
        for key in [key for key, version in current.items() if known.get(key) != version]:
            self._row(child(path, key), rows.value(key), changes)
        for key in stored.keys() - current.keys():
            self._remove(child(path, key), changes)

    def _remove(self, row: str, changes: Changes) -> None:
        changes.removed.add(row)
        for name in self._inside.get(row, ()):
            self._drop(name, changes)

    def _drop(self, path: str, changes: Changes) -> None:
        changes.dropped.add(path)
        for key in self._versions[path][1]:
            self._remove(child(path, key), changes)

    def settle(self, changes: Changes) -> None:
        """Note that changes were committed."""
        self._unknown = False
        for row in changes.removed:
            self._digests.pop(row, None)
            self._inside.pop(row, None)
        for path in changes.dropped:
            del self._versions[path]
        self._digests.update(changes.digests)
        self._versions.update(changes.versions)
        self._inside.update(changes.inside)


class Ledger:
    """What storage holds of all parts, by digest and version; the values are not kept."""

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}

    def adopt(self, stored: Mapping[str, Mapping[str, bytes]]) -> None:
        """Note what was read from storage: encoded rows by part and path."""
        self._parts = {
            part: _Part({path: blake2b(row, digest_size=8).digest() for path, row in rows.items()})
            for part, rows in stored.items()
        }

    def forget(self, parts: Iterable[str]) -> None:
        """Take for unknown what is stored: these parts are written anew."""
        self._parts = {part: _Part(None) for part in parts}

    def stage(self, states: Mapping[str, Any]) -> dict[str, Changes]:
        """Return what has to be written so that storage holds these states.

        Nothing is taken for stored before :meth:`settle` is told so: a commit that fails is made
        good by the next one.

        Raises
        ------
        TypeError, ValueError
            If a state can't be encoded.
        """
        for part in states:
            self._parts.setdefault(part, _Part({}))
        return {part: self._parts[part].stage(state) for part, state in states.items()}

    def settle(self, staged: Mapping[str, Changes]) -> None:
        """Note that what :meth:`stage` returned last is stored now."""
        for part, changes in staged.items():
            self._parts[part].settle(changes)
