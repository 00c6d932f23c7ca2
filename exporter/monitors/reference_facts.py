"""What a reference holds, for Prometheus to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.config import DriftSettings
from exporter.drift.fleet import FIRST, FleetColumn
from exporter.drift.reference import Reference
from exporter.monitors.budget import Budget
from exporter.records import RecordBatch

CDF, SHARE = "model_feature_reference_cdf_ratio", "model_feature_reference_category_ratio"


class ReferenceFacts:
    """Exposes the reference at the edges and categories at which its columns are counted.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    reference
        The reference.
    columns
        Those of it that are counted.
    settings
        The model's section `drift`.
    budget
        Grants the series.
    """

    name: ClassVar[str] = "reference_facts"

    def __init__(
        self,
        labels: Mapping[str, str],
        reference: Reference,
        columns: Sequence[FleetColumn],
        settings: DriftSettings,
        budget: Budget,
    ) -> None:
        self._labels = {**labels, "reference": reference.label}
        self._columns = tuple(
            column
            for column in columns
            if budget.claim(CDF if column.numeric else SHARE, column.reference_series)
        )
        self._alpha = settings.alpha / max(1, len(self._columns))

    def update(self, batch: RecordBatch) -> None:
        """Do nothing: a reference does not change."""

    def snapshot(self) -> tuple[FleetColumn, ...]:
        """Return the columns that have series."""
        return self._columns

    def families(self, snapshot: tuple[FleetColumn, ...], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield distribution functions, shares and sizes."""
        names, values = [*self._labels, "feature"], list(self._labels.values())
        cdf = GaugeMetricFamily(
            CDF,
            "Share of the reference's values up to the edge.",
            labels=[*names, "edge", "previous_edge"],
        )
        shares = GaugeMetricFamily(
            SHARE, "Share of the category in the reference.", labels=[*names, "category"]
        )
        samples = GaugeMetricFamily(
            "model_feature_reference_samples",
            "Independent values that those of the reference are worth.",
            labels=names,
        )
        edges = GaugeMetricFamily(
            "model_feature_reference_edges",
            "Edges, the infinite one included, or categories of the column.",
            labels=names,
        )
        critical = GaugeMetricFamily(
            "model_drift_critical_value",
            "What the statistic of the fleet's test reaches without drift with the probability "
            "`drift.alpha` over the number of columns.",
            labels=[*self._labels, "feature", "test"],
        )
        for fleet in snapshot:
            series = [*values, fleet.column.name]
            counts = fleet.folded(fleet.column.counts)
            total = int(counts.sum())
            samples.add_metric(series, fleet.column.n / fleet.column.tau)
            edges.add_metric(series, fleet.size)
            if fleet.numeric:
                below = (np.cumsum(counts) / total).tolist()
                previous = (FIRST, *fleet.edges[:-1])
                for edge, before, share in zip(fleet.edges, previous, below, strict=True):
                    cdf.add_metric([*series, edge, before], share)
            else:
                for category, count in zip(fleet.categories, counts.tolist(), strict=True):
                    shares.add_metric([*series, category], count / total)
                critical.add_metric([*series, "chi2"], self._critical(fleet.size))
        yield from (one for one in (cdf, shares, samples, edges, critical) if one.samples)

    def _critical(self, size: int) -> float:
        # scipy takes longer to import than the rest of the program.
        from scipy.special import chdtri  # noqa: PLC0415

        return float(chdtri(max(1, size - 1), self._alpha))

    def dump(self) -> dict[str, Any]:
        """Return no state."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore no state."""

    def merge(self, other: ReferenceFacts) -> None:
        """Add nothing."""
