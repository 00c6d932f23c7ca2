"""Monitors of what is looked at beside ingestion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exporter.monitors.group import MonitorGroup, Snapshots
from exporter.monitors.isolation import Isolation
from exporter.monitors.protocol import Monitor


class FedGroup(MonitorGroup[Any]):
    """Monitors that are fed at each snapshot with what was found since the last one.

    Ingestion, which takes the snapshots, never waits for a look.

    Parameters
    ----------
    build, isolation
        As of :class:`exporter.monitors.group.MonitorGroup`.
    results
        Returns what was found since its last call; never waits.
    """

    def __init__(
        self,
        build: Callable[[], Sequence[Monitor[Any]]],
        isolation: Isolation,
        results: Callable[[], Sequence[Any]],
    ) -> None:
        super().__init__(build, isolation)
        self._results = results

    def snapshot(self) -> Snapshots:
        """Return each monitor with an immutable copy of its state."""
        found = self._results()
        if found:
            self.update(found)
        return super().snapshot()
