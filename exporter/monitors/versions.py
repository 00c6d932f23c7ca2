"""All monitors of one model: some for the model, and a set for each of its live versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.monitors.budget import Budget, BudgetShare, SeriesBudget
from exporter.monitors.group import MonitorGroup, Snapshots
from exporter.monitors.isolation import Isolation
from exporter.monitors.labels import OTHER
from exporter.monitors.protocol import Monitor
from exporter.parsing.checks import present
from exporter.records import RecordBatch

MAX_VERSIONS = 5

Build = Callable[[str, Budget], Sequence[Monitor[RecordBatch]]]


class ModelMonitors:
    """Splits batches by version and hands each part to its monitors.

    Versions that come when :data:`MAX_VERSIONS` are live, or when the budget is spent, count as
    ``other``. A version without records for `idle_seconds` is dropped and frees its place; if it
    comes back it starts at 0.

    Parameters
    ----------
    build_whole
        Makes the monitors that see all records of the model.
    build
        Makes the monitors of a version, which take what they expose from its share of the budget.
    isolation
        Runs the monitors.
    budget
        Grants new versions.
    idle_seconds
        How long a version is kept after its last record.
    series_per_version
        What a version costs, for the budget.
    """

    def __init__(
        self,
        build_whole: Callable[[], Sequence[Monitor[RecordBatch]]],
        build: Build,
        isolation: Isolation,
        budget: SeriesBudget,
        idle_seconds: float,
        series_per_version: int = 0,
    ) -> None:
        self._whole = MonitorGroup(build_whole, isolation)
        self._build = build
        self._isolation = isolation
        self._budget = budget
        self._idle_seconds = idle_seconds
        self._series_per_version = series_per_version
        self._versions: dict[str, MonitorGroup[RecordBatch]] = {}
        self._shares: dict[str, BudgetShare] = {}
        self._last_seen: dict[str, float] = {}
        self.changed = False
        """Whether something is to be stored; whoever stores it clears it."""

    @property
    def named(self) -> frozenset[str]:
        """The live versions that records name."""
        return frozenset(self._versions.keys() - {"", OTHER})

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch whose event times and placements are set."""
        self.changed = True
        if not batch.joined:
            self._whole.update(batch)
        # Ground truth alone says nothing of a version.
        mine = batch.attempt | batch.joined
        for column in batch.maps.get("package_versions", {}).values():
            mine = mine | present(column.raw)
        attempts = batch if mine.all() else batch.take(np.flatnonzero(mine))
        for version, rows in self._split(attempts):
            self._last_seen[version] = batch.received
            self._versions[version].update(attempts if rows is None else attempts.take(rows))

    def _split(self, batch: RecordBatch) -> Iterator[tuple[str, NDArray[np.intp] | None]]:
        """Yield each version with the positions of its records; ``None`` stands for all."""
        codes = batch.version.codes
        members: dict[str, list[int]] = {}
        for code in (np.flatnonzero(np.bincount(codes + 1)) - 1).tolist():
            name = "" if code < 0 else batch.version.values[code]
            members.setdefault(self._admit(name), []).append(code)
        for version, its_codes in members.items():
            alone = len(members) == 1
            yield version, None if alone else np.flatnonzero(np.isin(codes, its_codes))

    def _admit(self, version: str) -> str:
        if version in self._versions:
            return version
        named = len(self._versions.keys() - {OTHER})
        share = BudgetShare(self._budget)
        # `other` itself is always there for what is refused, and is not charged for.
        if version != OTHER and (named >= MAX_VERSIONS or not self._claim(share)):
            version = OTHER
        if version not in self._versions:
            self._add(version, share)
        return version

    def _claim(self, share: BudgetShare) -> bool:
        return share.claim("model_predictions_total", self._series_per_version)

    def _add(self, version: str, share: BudgetShare) -> None:
        self._shares[version] = share
        self._versions[version] = MonitorGroup(lambda: self._build(version, share), self._isolation)

    def clock_set(self, jump: float) -> None:
        """Take in that the clock was set by some seconds: nothing has been idle for longer."""
        for version in self._last_seen:
            self._last_seen[version] += jump
        self.changed = True

    def expire(self, now: float) -> None:
        """Drop versions that have been idle for too long at Unix time `now`."""
        for version, seen in list(self._last_seen.items()):
            if now - seen > self._idle_seconds:
                self.changed = True
                del self._versions[version], self._last_seen[version]
                self._shares.pop(version).release()

    def snapshot(self) -> Snapshots:
        """Return each monitor with an immutable copy of its state, copied only if it changed."""
        groups = (self._whole, *self._versions.values())
        return [pair for group in groups for pair in group.snapshot()]

    def dump(self) -> dict[str, Any]:
        """Return the state of all monitors for storage."""
        return {
            "whole": self._whole.dump(),
            "versions": {name: group.dump() for name, group in self._versions.items()},
            "last_seen": dict(self._last_seen),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; a monitor whose state does not fit starts afresh."""
        self._whole.load(state["whole"])
        for version, stored in state["versions"].items():
            share = BudgetShare(self._budget)
            if version != OTHER:
                self._claim(share)
            self._add(version, share)
            self._versions[version].load(stored)
        self._last_seen = dict(state["last_seen"])
