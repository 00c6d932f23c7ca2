"""What a monitor is: the only thing to write to add a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from prometheus_client import Metric

from exporter.records import RecordBatch, SyslogBatch

BatchT_contra = TypeVar("BatchT_contra", bound=RecordBatch | SyslogBatch, contravariant=True)


class Monitor(Protocol[BatchT_contra]):
    """State that batches are folded into and metric families are read from.

    One thread calls everything but :meth:`families`, which a scrape's thread calls with what
    :meth:`snapshot` returned, never with live state. A monitor does no I/O and asks no clock.
    """

    name: ClassVar[str]
    """Identifies the monitor in storage, in `modeltail_monitor_errors_total` and in flags."""

    def update(self, batch: BatchT_contra) -> None:
        """Fold in a batch, column by column."""

    def snapshot(self) -> Any:
        """Return an immutable copy of the state that :meth:`families` needs."""

    def families(self, snapshot: Any, now: float) -> Iterable[Metric]:
        """Yield metric families of a snapshot, windows as seen at Unix time `now`."""

    def dump(self) -> Mapping[str, Any] | None:
        """Return the state for storage: maps, lists, strings, numbers and numpy arrays.

        ``None`` as long as there is none.
        """

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError, KeyError
            If the state does not fit the present configuration; the monitor then starts afresh.
        """


class Mergeable(Protocol):
    """A monitor whose state can be added to that of another, as if one had seen both inputs."""

    def merge(self, other: Any) -> None:
        """Add the state of `other`, a monitor of the same kind and configuration."""
