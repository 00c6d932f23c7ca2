"""Evidence for drift that may be looked at as often as one likes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.comparison import MIN_REFERENCE_ROWS, select_columns
from exporter.drift.observations import cells
from exporter.drift.reference import Reference
from exporter.drift.sequential.band import Band
from exporter.drift.sequential.evidence import BandEvidence, threshold_log10
from exporter.records import Floats, RecordBatch


class DriftEvidence:
    """Follows each column record by record, without a window: the order of records matters.

    The bound on false alarms holds for all columns of a version together, over an unlimited run:
    each gets an equal share of `alpha`.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    settings
        The model's section `drift`.
    reference
        What `settings.reference` holds. Columns too small to be tested are left out.
    """

    name: ClassVar[str] = "drift_evidence"

    def __init__(
        self, labels: Mapping[str, str], settings: DriftSettings, reference: Reference
    ) -> None:
        self._labels = dict(labels)
        self._columns = [
            column
            for column in select_columns(settings, reference)
            if column.n / column.tau >= MIN_REFERENCE_ROWS
        ]
        self._alpha = settings.evidence_alpha / max(1, len(self._columns))
        self._identity = [
            reference.digest, self._alpha, *(column.name for column in self._columns)
        ]  # fmt: skip
        self._evidence = BandEvidence(
            [Band.of(column, self._alpha / 2, column.tau) for column in self._columns],
            np.array([column.tau for column in self._columns]),
        )

    def update(self, batch: RecordBatch) -> None:
        """Take in the predictions of a batch, in their order."""
        predictions = batch.attempt & ~batch.failed
        if not self._columns or not predictions.any():
            return
        found = [cells(batch, column) for column in self._columns]
        every = bool(predictions.all())
        self._evidence.add(found if every else [column[predictions] for column in found])

    def snapshot(self) -> Floats:
        """Return float64[columns], the evidence of each, 0 where there is no value yet."""
        return self._evidence.log10

    def families(self, snapshot: Floats, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the evidence, and from when on it is beyond chance."""
        names, values = list(self._labels), list(self._labels.values())
        evidence = GaugeMetricFamily(
            "model_drift_evidence_log10",
            "Evidence that the column has drifted, which may be looked at at any time.",
            labels=[*names, "feature"],
        )
        for column, found in zip(self._columns, snapshot.tolist(), strict=True):
            evidence.add_metric([*values, column.name], found)
        limit = GaugeMetricFamily(
            "model_drift_evidence_limit_log10",
            "What the evidence of any column ever reaches without drift with the configured "
            "probability at most.",
            labels=names,
        )
        if self._columns:
            limit.add_metric(values, threshold_log10(self._alpha))
        yield from (evidence, limit)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"columns": self._identity, "evidence": self._evidence.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was found against another reference, or for other columns.
        """
        stored = state["columns"]
        if stored[0] != self._identity[0] or list(stored[2:]) != self._identity[2:]:
            raise ValueError("the reference or the tested columns have changed")
        if not math.isclose(stored[1], self._alpha):
            raise ValueError("drift.evidence_alpha has changed")
        self._evidence.load(state["evidence"])
