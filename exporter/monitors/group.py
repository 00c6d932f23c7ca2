"""Monitors that share their input, as the pipeline sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic

from prometheus_client import Metric

from exporter.monitors.isolation import Isolation
from exporter.monitors.protocol import Monitor
from exporter.records import Batch
from exporter.storage.rows import Rows

Snapshots = Sequence[tuple[Monitor[Any], Any]]


class MonitorGroup(Rows, Generic[Batch]):
    """Runs a fixed set of monitors, each isolated from the faults of the others.

    Stored as a row for each monitor, by its name.

    Parameters
    ----------
    build
        Makes the monitors; called again for one whose stored state does not fit.
    isolation
        Runs them.
    """

    def __init__(self, build: Callable[[], Sequence[Monitor[Batch]]], isolation: Isolation) -> None:
        self._build = build
        self._isolation = isolation
        self._monitors = list(build())
        self._snapshots: dict[str, Any] = {}
        self._updates = 0
        self.changed = False
        """Whether something is to be stored; whoever stores it clears it."""

    def update(self, batch: Batch) -> None:
        """Fold in a batch whose event times and placements are set."""
        for monitor in self._monitors:
            self._isolation.call(monitor.name, partial(monitor.update, batch))
        self._touch()

    def _touch(self) -> None:
        self._snapshots.clear()
        self._updates += 1
        self.changed = True

    def snapshot(self) -> Snapshots:
        """Return each monitor with an immutable copy of its state, copied only if it changed."""
        for monitor in self._monitors:
            if monitor.name not in self._snapshots:
                taken = self._isolation.call(monitor.name, monitor.snapshot)
                if taken is not None:
                    self._snapshots[monitor.name] = taken
        return [
            (monitor, self._snapshots[monitor.name])
            for monitor in self._monitors
            if monitor.name in self._snapshots
        ]

    def clock_set(self, jump: float) -> None:
        """Take in that the clock was set by some seconds: of no account here."""

    def expire(self, now: float) -> None:
        """Drop what is idle: nothing, the set is fixed."""

    def dump(self) -> Rows:
        """Return the state of all monitors for storage."""
        return self

    def versions(self) -> Mapping[str, int]:
        """Return for all monitors the number of changes so far."""
        return dict.fromkeys((monitor.name for monitor in self._monitors), self._updates)

    def value(self, key: str) -> Any:
        """Return the state of a monitor; ``None`` if it fails."""
        (monitor,) = (monitor for monitor in self._monitors if monitor.name == key)
        return self._isolation.call(key, monitor.dump)

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; a monitor whose state does not fit starts afresh."""
        for position, monitor in enumerate(self._monitors):
            if state.get(monitor.name) is not None:
                failed = self._isolation.errors[monitor.name]
                self._isolation.call(monitor.name, partial(monitor.load, state[monitor.name]))
                if self._isolation.errors[monitor.name] > failed:
                    self._monitors[position] = self._build()[position]
        self._touch()


def families(snapshots: Snapshots, now: float, isolation: Isolation) -> Iterator[Metric]:
    """Yield the families of all monitors; those that fail are left out and counted."""
    for monitor, taken in snapshots:
        yield from isolation.iterate(monitor.name, partial(monitor.families, taken, now))
