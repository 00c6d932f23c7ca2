"""Monitors that need a reference which the first predictions have yet to become."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings, ModelSource
from exporter.drift import comparison, reference_file
from exporter.drift.first_records import FirstRecords
from exporter.drift.reference import Reference
from exporter.drift.trailing import TrailingCounts
from exporter.monitors.drift import Drift
from exporter.monitors.drift_evidence import DriftEvidence
from exporter.monitors.drift_gauges import REFERENCE_INCOMPLETE
from exporter.monitors.drift_samples import DriftSamples
from exporter.monitors.first_records import FirstRecords as FirstRecordsMonitor
from exporter.monitors.missing_features import MissingFeatures
from exporter.monitors.outliers import Outliers
from exporter.monitors.protocol import Monitor
from exporter.monitors.trailing_reference import TrailingReference
from exporter.records import RecordBatch
from exporter.windows import Window


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


def trailing(
    model: ModelSource, windows: Sequence[Window], *, replay: bool
) -> Callable[[Reference], TrailingCounts] | None:
    """Return what counts the period that windows are compared with, made once of a reference.

    ``None`` if they are compared with the reference itself.
    """
    settings = model.drift
    if settings is None or settings.own is None or settings.own.period is None:
        return None
    period, longest = settings.own.period, max(window.seconds for window in windows)

    @functools.cache
    def made(reference: Reference) -> TrailingCounts:
        compared = comparison.select(settings, reference)
        return TrailingCounts(reference, compared, period, longest, replay=replay)

    return made


def of_model(
    first: FirstRecords | None,
    reference: Reference | None,
    labels: Mapping[str, str],
    trailing: Callable[[Reference], TrailingCounts] | None,
    *,
    at_once: bool,
) -> list[Monitor[RecordBatch]]:
    """Return the monitors that see all versions: what makes the reference, and what counts it.

    Parameters
    ----------
    labels
        The label `model`.
    at_once
        As for :class:`~exporter.monitors.first_records.FirstRecords`.
    """
    made: list[Monitor[RecordBatch]] = []
    if first is not None:
        made.append(FirstRecordsMonitor(labels, first, at_once=at_once))
    if trailing is not None and reference is not None:
        made.append(TrailingReference(trailing(reference)))
    if trailing is not None and first is not None:
        made.append(
            AwaitingTrailing(first, lambda reference: TrailingReference(trailing(reference)))
        )
    return made


def against_period(
    settings: DriftSettings,
    reference: Reference,
    labels: Mapping[str, str],
    windows: Sequence[Window],
    trailing: Callable[[Reference], TrailingCounts],
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of a version that compare with a period, at the cells of a reference.

    All others compare with the reference itself, from which values may have moved on.
    """
    return [
        Drift(labels, windows, settings, reference, trailing(reference)),
        MissingFeatures(labels, reference),
    ]


def monitors(
    settings: DriftSettings | None,
    first: FirstRecords | None,
    labels: Mapping[str, str],
    windows: Sequence[Window],
    trailing: Callable[[Reference], TrailingCounts] | None = None,
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of a version that need the reference; none if nothing is awaited.

    Parameters
    ----------
    trailing
        Returns what windows are compared with, if that is not the reference itself.
    """
    if settings is None or first is None:
        return []

    def drift(reference: Reference) -> Drift:
        past = None if trailing is None else trailing(reference)
        return Drift(labels, windows, settings, reference, past)

    awaiting = AwaitingDrift(first, drift, lambda: not_evaluable(labels, windows))
    missing = AwaitingMissing(first, lambda reference: MissingFeatures(labels, reference))
    if trailing is not None:
        # What against_period builds.
        return [awaiting, missing]
    return [
        awaiting,
        missing,
        AwaitingEvidence(first, lambda reference: DriftEvidence(labels, settings, reference)),
        AwaitingSamples(first, lambda reference: DriftSamples(labels, settings, reference)),
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


class AwaitingTrailing(Awaiting):
    """Stands for the monitor `trailing_reference`."""

    name: ClassVar[str] = "trailing_reference"


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
