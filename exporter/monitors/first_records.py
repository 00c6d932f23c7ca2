"""The first predictions of a model become its reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.drift.first_records import FirstRecords as Records
from exporter.records import RecordBatch


class FirstRecords:
    """Collects the predictions of which the reference is made.

    Comes before the monitors that need the reference.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    records
        Where they go. What writes the reference is called from :meth:`snapshot`.
    at_once
        Whether nothing is stored that the reference could be ahead of.
    """

    name: ClassVar[str] = "first_records"

    def __init__(self, labels: Mapping[str, str], records: Records, *, at_once: bool) -> None:
        self._labels = dict(labels)
        self._records = records
        self._committed = at_once

    def update(self, batch: RecordBatch) -> None:
        """Add the predictions of a batch, if some are missing."""
        self._records.add(batch)

    def snapshot(self) -> float | None:
        """Return the share of the predictions that is there.

        ``None``, once, with the last of them: then this is called again after they are committed.
        Were the reference written before, a process killed in between would find it, read its last
        predictions again, and compare them with themselves.
        """
        if self._records.unkept and not self._committed:
            self._committed = True
            return None
        self._records.keep()
        return self._records.share

    def families(self, snapshot: float, now: float) -> Iterable[Metric]:  # noqa: ARG002
        """Yield how far this is."""
        family = GaugeMetricFamily(
            "model_reference_complete_ratio",
            "Share of the first predictions, which are to become the reference, that is there.",
            labels=list(self._labels),
        )
        family.add_metric(list(self._labels.values()), snapshot)
        yield family

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return self._records.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._records.load(state)
