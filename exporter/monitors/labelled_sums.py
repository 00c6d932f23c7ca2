"""Sums of several kinds for each of a bounded number of label values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from exporter.monitors.labels import LabelValues
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.placement import add_all
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import Window


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """The sums, and (slot, label value) of the values that occurred, at one moment."""

    named: list[tuple[int, str]]


class LabelledSums(WindowedSums):
    """Keeps the sums kind by kind, each with a slot for every value of the label and for ``other``.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    kinds
        How many kinds of sums there are.
    values
        Admits the values of the label.
    stored
        What the values are called in storage.
    """

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        kinds: int,
        values: LabelValues,
        stored: str,
    ) -> None:
        self._kinds, self._slots = kinds, values.capacity + 1
        super().__init__(labels, windows, self._kinds * self._slots)
        self._values = values
        self._stored = stored

    def _count(
        self,
        batch: RecordBatch,
        slots: NDArray[np.int64],
        kind: int,
        rows: Mask,
        weights: Floats | None = None,
    ) -> None:
        """Add ones, or `weights`, float64[n], of some rows to a kind, by their slots, int64[n]."""
        cells = np.where(rows, slots + kind * self._slots, -1)
        counted = None if weights is None else weights[rows]
        self._totals += np.bincount(cells[rows], counted, minlength=len(self._totals))
        add_all(self._rings, batch.placements, cells, weights)

    def _table(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sums as float64[kinds, slots]."""
        return sums.reshape(self._kinds, self._slots)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, self._values.numbered())

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), self._stored: self._values.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        super().load(state)
        self._values.load(**state[self._stored])

    def merge(self, other: Self) -> None:
        """Add the state of a monitor with the same windows."""
        kinds = np.arange(self._kinds)[:, np.newaxis] * self._slots
        self._merge_at(other, (kinds + self._values.merge(other._values)).ravel())
