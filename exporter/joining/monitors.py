"""The monitors of a model, told also of ground truth that comes later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from exporter.monitors.ground_truth import GroundTruth
from exporter.monitors.group import Snapshots
from exporter.monitors.isolation import Isolation
from exporter.monitors.versions import ModelMonitors
from exporter.records import RecordBatch


class JoinedMonitors:
    """Hands each batch to the monitors, and then the pairs that it made complete.

    Stored as one with the monitors: what waits and what is counted are from the same moment.

    Parameters
    ----------
    monitors
        All others of the model.
    build
        Makes the monitor that joins; called again if its stored state does not fit.
    isolation
        Runs it.
    """

    def __init__(
        self, monitors: ModelMonitors, build: Callable[[], GroundTruth], isolation: Isolation
    ) -> None:
        self._monitors = monitors
        self._build = build
        self._isolation = isolation
        self._ground_truth = build()

    @property
    def changed(self) -> bool:
        """Whether something is to be stored; whoever stores it clears it."""
        return self._monitors.changed

    @changed.setter
    def changed(self, changed: bool) -> None:
        self._monitors.changed = changed

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch whose event times and placements are set."""
        ground_truth = self._ground_truth
        self._isolation.call(GroundTruth.name, partial(ground_truth.update, batch))
        self._monitors.update(batch)
        if ground_truth.joined is not None:
            self._monitors.update(ground_truth.joined)

    def snapshot(self) -> Snapshots:
        """Return each monitor with an immutable copy of its state."""
        taken = self._isolation.call(GroundTruth.name, self._ground_truth.snapshot)
        mine = [] if taken is None else [(self._ground_truth, taken)]
        return [*self._monitors.snapshot(), *mine]

    def expire(self, now: float) -> None:
        """Drop versions that are idle, and give up what has waited for too long."""
        self._monitors.expire(now)
        if self._isolation.call(GroundTruth.name, partial(self._ground_truth.expire, now)):
            self.changed = True

    def clock_set(self, jump: float) -> None:
        """Take in that the clock was set by some seconds."""
        self._monitors.clock_set(jump)
        self._isolation.call(GroundTruth.name, partial(self._ground_truth.clock_set, jump))

    def dump(self) -> dict[str, Any]:
        """Return the state of all monitors for storage."""
        return {**self._monitors.dump(), "ground_truth": self._ground_truth.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; a monitor whose state does not fit starts afresh."""
        self._monitors.load(state)
        stored = state.get("ground_truth")
        if stored is None:
            return
        failed = self._isolation.errors[GroundTruth.name]
        self._isolation.call(GroundTruth.name, partial(self._ground_truth.load, stored))
        if self._isolation.errors[GroundTruth.name] > failed:
            self._ground_truth = self._build()
