"""Monitors that need a reference which the first predictions have yet to become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings, ModelSource
from exporter.drift import comparison, reference_file
from exporter.drift.first_records import FirstRecords
from exporter.drift.reference import Reference
from exporter.monitors.drift import Drift
from exporter.monitors.drift_evidence import DriftEvidence
from exporter.monitors.drift_samples import DriftSamples
from exporter.monitors.missing_features import MissingFeatures
from exporter.monitors.outliers import Outliers
from exporter.monitors.protocol import Monitor
from exporter.records import RecordBatch
from exporter.windows import Window

REFERENCE_INCOMPLETE = "reference_incomplete"
"""Why nothing is tested yet, in the label `reason`."""


def records(
    model: ModelSource, reference: Reference | None, info: dict[str, str], path: Path | None
) -> FirstRecords | None:
    """Return what the reference of a model is to be made of.

    Parameters
    ----------
    reference
        The one that it has already; then ``None`` is returned, as without any.
    info
        Where its label is to go.
    path
        Where it is to be written; ``None`` for nowhere.
    """
    if reference is not None or model.drift is None or model.drift.own is None:
        return None

    def keep(reference: Reference) -> None:
        if path is not None:
            reference_file.write(reference, path)
        info["reference"] = reference.label

    kinds = comparison.kinds_configured(model.drift)
    return FirstRecords(model.name, model.task, model.drift.own.first, kinds, keep)


def monitors(
    settings: DriftSettings | None,
    first: FirstRecords | None,
    labels: Mapping[str, str],
    windows: Sequence[Window],
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of a version that need the reference; none if nothing is awaited."""
    if settings is None or first is None:
        return []
    return [
        AwaitingDrift(
            first,
            lambda reference: Drift(labels, windows, settings, reference),
            lambda: not_evaluable(labels, windows),
        ),
        AwaitingEvidence(first, lambda reference: DriftEvidence(labels, settings, reference)),
        AwaitingSamples(first, lambda reference: DriftSamples(labels, settings, reference)),
        AwaitingMissing(first, lambda reference: MissingFeatures(labels, reference)),
        AwaitingOutliers(first, lambda reference: Outliers(labels, reference)),
    ]


class Awaiting:
    """A monitor that needs the reference, and is there as soon as that is.

    Stored as that monitor is, which takes its place after a restart.

    Parameters
    ----------
    records
        What becomes the reference.
    build
        Makes the monitor.
    meanwhile
        What is exposed before.
    """

    def __init__(
        self,
        records: FirstRecords,
        build: Callable[[Reference], Monitor[RecordBatch]],
        meanwhile: Callable[[], Iterable[Metric]] = tuple,
    ) -> None:
        self._records = records
        self._build = build
        self._meanwhile = meanwhile
        self._monitor: Monitor[RecordBatch] | None = None

    def _awaited(self) -> Monitor[RecordBatch] | None:
        if self._monitor is None and self._records.reference is not None:
            self._monitor = self._build(self._records.reference)
        return self._monitor

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch, unless it is too early."""
        monitor = self._awaited()
        if monitor is not None:
            monitor.update(self._records.rest(batch))

    def snapshot(self) -> tuple[Monitor[RecordBatch] | None, Any]:
        """Return the monitor with its snapshot, ``None`` before it is there."""
        monitor = self._awaited()
        return monitor, None if monitor is None else monitor.snapshot()

    def families(
        self, snapshot: tuple[Monitor[RecordBatch] | None, Any], now: float
    ) -> Iterable[Metric]:
        """Yield the families of the monitor."""
        monitor, taken = snapshot
        yield from self._meanwhile() if monitor is None else monitor.families(taken, now)

    def dump(self) -> Mapping[str, Any] | None:
        """Return the state for storage, ``None`` before there is any."""
        monitor = self._awaited()
        return None if monitor is None else monitor.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        monitor = self._awaited()
        if monitor is not None:
            monitor.load(state)


class AwaitingDrift(Awaiting):
    """Stands for the monitor `drift`."""

    name: ClassVar[str] = "drift"


class AwaitingEvidence(Awaiting):
    """Stands for the monitor `drift_evidence`."""

    name: ClassVar[str] = "drift_evidence"


class AwaitingSamples(Awaiting):
    """Stands for the monitor `drift_samples`."""

    name: ClassVar[str] = "drift_samples"


class AwaitingMissing(Awaiting):
    """Stands for the monitor `missing_features`."""

    name: ClassVar[str] = "missing_features"


class AwaitingOutliers(Awaiting):
    """Stands for the monitor `outliers`."""

    name: ClassVar[str] = "outliers"


def not_evaluable(labels: Mapping[str, str], windows: Sequence[Window]) -> Iterable[Metric]:
    """Yield that nothing can be tested yet.

    Parameters
    ----------
    labels
        The labels `model` and `version`.
    """
    family = GaugeMetricFamily(
        "model_drift_evaluable",
        "Whether the column could be tested, and the reason if not.",
        labels=[*labels, "window", "feature", "reason"],
    )
    for window in windows:
        family.add_metric([*labels.values(), window.name, "", REFERENCE_INCOMPLETE], 0.0)
    yield family
