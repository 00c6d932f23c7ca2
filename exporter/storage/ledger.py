"""What is stored already, and hence what a commit has to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from exporter.storage.encoding import encode
from exporter.storage.nesting import ROOT, child, lifted
from exporter.storage.rows import Archive, Rows


@dataclass(slots=True)
class Changes:
    """What a commit has to do to one part, and how the ledger reads once it has.

    Attributes
    ----------
    anew
        Whether all rows that the part has in storage, known or not, are to be deleted first.
    written, removed
        Encoded rows by their path, and paths of rows.
    archived, discarded
        The same of the archive. Rows that are there and in neither of them stay, also with `anew`.
    """

    anew: bool
    written: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    archived: dict[str, bytes] = field(default_factory=dict)
    discarded: set[str] = field(default_factory=set)
    archives: dict[str, tuple[Archive, list[str]]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    digests: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, tuple[Rows, dict[str, int]]] = field(default_factory=dict)
    inside: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.anew or bool(self.written or self.removed or self.archived or self.discarded)


class _Part:
    """The ledger of one part.

    A row is looked at if the version of it, and of all rows it lies in, differs from the stored
    one; it is written if its bytes differ as well.
    """

    def __init__(
        self, digests: dict[str, bytes] | None, archived: Iterable[str] | None = None
    ) -> None:
        self._unknown = digests is None
        self.archived = set(archived or ())
        """Paths of rows in the archive."""
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
        lying: dict[str, Rows | Archive] = {}
        data = encode(lifted(value, path, lying))
        found = {name: rows for name, rows in lying.items() if isinstance(rows, Rows)}
        self._archives(path, {name: lying[name] for name in lying.keys() - found.keys()}, changes)
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

    def _archives(self, row: str, found: Mapping[str, Any], changes: Changes) -> None:
        if row != ROOT:
            if found:
                raise TypeError(f"{row}: rows that may be left alone can hold no archive")
            return
        wanted: set[str] = set()
        for path, archive in found.items():
            fresh = list(archive.fresh())
            changes.archives[path] = archive, fresh
            changes.archived |= {child(path, key): encode(archive.value(key)) for key in fresh}
            wanted.update(child(path, key) for key in archive.existing())
        changes.discarded = self.archived - wanted

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
        self.archived |= changes.archived.keys()
        self.archived -= changes.discarded


class Ledger:
    """What storage holds of all parts, by digest and version; the values are not kept."""

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}

    def adopt(
        self,
        stored: Mapping[str, Mapping[str, bytes]],
        archived: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        """Note what was read from storage: encoded rows by path, the archive's paths; by part."""
        self._parts = {
            part: _Part(
                {path: blake2b(row, digest_size=8).digest() for path, row in rows.items()},
                archived.get(part),
            )
            for part, rows in stored.items()
        }

    def forget(
        self, parts: Iterable[str], archived: Mapping[str, Iterable[str]] = MappingProxyType({})
    ) -> None:
        """Take for unknown what is stored: these parts are written anew.

        Parameters
        ----------
        parts
            All there are.
        archived
            The archive's paths by part, which are not written anew.
        """
        self._parts = {part: _Part(None, archived.get(part)) for part in parts}

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
