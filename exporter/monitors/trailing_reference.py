"""What windows are compared with, where that is a period which moves on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from prometheus_client import Metric

from exporter.drift.trailing import TrailingCounts
from exporter.records import RecordBatch


class TrailingReference:
    """Counts the predictions of all versions of a model, for the monitors of each to read.

    Of all, so that a new version is compared with those before it.

    Parameters
    ----------
    counts
        Where they are counted.
    """

    name: ClassVar[str] = "trailing_reference"

    def __init__(self, counts: TrailingCounts) -> None:
        self._counts = counts

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        self._counts.add(batch)

    def snapshot(self) -> bool:
        """Return nothing of use: those that compare take their own copy."""
        return True

    def families(self, snapshot: bool, now: float) -> Iterable[Metric]:  # noqa: ARG002, FBT001
        """Yield nothing."""
        return ()

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return self._counts.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted at other cells, or in parts of another length.
        """
        self._counts.load(state)

    def merge(self, other: TrailingReference) -> None:
        """Add the counts of another monitor of the same reference and settings.

        Raises
        ------
        ValueError
            If these differ.
        """
        self._counts.merge(other._counts)
