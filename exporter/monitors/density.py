"""Predictions whose input is improbable under the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.config.density import DensitySettings
from exporter.density.conformal import Calibration
from exporter.density.reference import DensityReference
from exporter.density.sampling import chosen
from exporter.drift.observations import successful
from exporter.drift.reference import Reference
from exporter.monitors import outliers
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import Window

METHODS = ("density", "density+uncertainty")
SERIES = 3
"""Series of a method in a window."""
_PVALUES = ("model_density_pvalue", "model_density_uncertainty_pvalue")
_CELLS = 2
"""Of each method: predictions scored, and those of them that are improbable."""
_REASONS = ("missing", "sampling")


class Density(WindowedSums):
    """Scores predictions, and counts those with a conformal p-value of at most alpha.

    Parameters
    ----------
    labels
        Name and value of the labels `model` and `version`.
    windows
        The configured windows.
    settings
        The section `drift.density`.
    reference
        Of density; :func:`usable` chooses it.
    """

    name: ClassVar[str] = "density"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        settings: DensitySettings,
        reference: DensityReference,
    ) -> None:
        super().__init__(labels, windows, _CELLS * len(METHODS) + len(_REASONS))
        self._settings = settings
        self._reference = reference
        self._digest = reference.digest
        calibrations: list[Calibration] = [reference.calibration]
        if reference.combination is not None:
            calibrations.append(reference.combination.calibration)
        self._calibrations = calibrations

    def update(self, batch: RecordBatch) -> None:
        """Score the predictions of a batch."""
        rows = successful(batch)
        if not rows.size:
            return
        values = self._reference.values(batch)
        sums = np.zeros((_CELLS * len(METHODS) + len(_REASONS), len(batch)))
        if values is None:
            sums[-2, rows] = 1.0
            self._add(batch.placements, list(sums))
            return
        if len(rows) < len(batch):
            values = values[rows]
        coordinates, known = self._reference.space.coordinates(values)
        scored = known & chosen(values, batch.timestamp[rows], self._settings.sample)
        sums[-2, rows] = ~known
        sums[-1, rows] = known & ~scored
        if scored.any():
            if scored.all():
                self._score(batch, rows, coordinates, sums)
            else:
                self._score(batch, rows[scored], coordinates[scored], sums)
        self._add(batch.placements, list(sums))

    def _score(self, batch: RecordBatch, rows: Any, coordinates: Floats, sums: Floats) -> None:
        """Fill in which records of a batch, int[k], are scored and improbable."""
        reference = self._reference
        prediction = batch.prediction
        groups = reference.score.encode(prediction.values, prediction.codes[rows])
        scores = reference.score.of(coordinates, groups)
        self._fill(0, rows, scores, sums)
        combination = reference.combination
        uncertainty = batch.numbers.get("uncertainty")
        if combination is None or uncertainty is None:
            return
        uncertainty = uncertainty[rows]
        both: Mask = ~np.isnan(uncertainty)
        if both.any():
            self._fill(1, rows[both], combination.score(scores[both], uncertainty[both]), sums)

    def _fill(self, method: int, rows: Any, scores: Floats, sums: Floats) -> None:
        sums[_CELLS * method, rows] = 1.0
        improbable = self._calibrations[method].improbable(scores, self._settings.alpha)
        sums[_CELLS * method + 1, rows] = improbable

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters, and of each window the share of improbable ones and its p-value."""
        yield from self._counters(snapshot.totals.tolist())
        labels = [*self._labels, "window"]
        ratio = GaugeMetricFamily(
            "model_outlier_ratio",
            "Share of the window's predictions that are improbable under the reference.",
            labels=[*labels, "method"],
        )
        number = GaugeMetricFamily(
            "model_outlier_predictions",
            "Predictions of the window that model_outlier_ratio is of.",
            labels=[*labels, "method"],
        )
        pvalues = [
            GaugeMetricFamily(
                name,
                "Probability that at least so many predictions are improbable, by their density"
                f"{beside}, if none has changed since the reference.",
                labels=labels,
            )
            for name, beside in zip(_PVALUES, ("", " and uncertainty"), strict=True)
        ]
        for ring in snapshot.rings:
            totals = ring.total(now).tolist()
            at = [*self._labels.values(), ring.window.name]
            for method, calibration in enumerate(self._calibrations):
                scored, improbable = totals[_CELLS * method : _CELLS * (method + 1)]
                if scored:
                    ratio.add_metric([*at, METHODS[method]], improbable / scored)
                    number.add_metric([*at, METHODS[method]], scored)
                    excess = calibration.excess(improbable, scored, self._settings.alpha)
                    pvalues[method].add_metric(at, excess)
        yield from (family for family in (ratio, number, *pvalues) if family.samples)

    def _counters(self, totals: Sequence[float]) -> Iterator[Metric]:
        values = list(self._labels.values())
        found = outliers.family(self._labels)
        scored = CounterMetricFamily(
            "model_outliers_scored",
            "Predictions whose density under the reference was looked up.",
            labels=[*self._labels, "method"],
        )
        expected = CounterMetricFamily(
            "model_outliers_expected",
            "How many of those would be improbable if all were like the reference.",
            labels=[*self._labels, "method"],
        )
        unscored = CounterMetricFamily(
            "model_outliers_unscored",
            "Predictions whose density was not looked up: more than half of the numbers are "
            "missing, or drift.density.sample leaves them out.",
            labels=[*self._labels, "reason"],
        )
        if not any(totals):
            return
        for method, calibration in enumerate(self._calibrations):
            number, improbable = totals[_CELLS * method : _CELLS * (method + 1)]
            at = [*values, METHODS[method]]
            found.add_metric(at, improbable)
            scored.add_metric(at, number)
            expected.add_metric(at, number * calibration.expected(self._settings.alpha))
        for reason, number in zip(_REASONS, totals[-len(_REASONS) :], strict=True):
            unscored.add_metric([*values, reason], number)
        yield from (found, scored, expected, unscored)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return super().dump() | {"reference": self._digest, "settings": self._counted_by()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted against another reference, or with another alpha or share.
        """
        if (state["reference"], list(state["settings"])) != (self._digest, self._counted_by()):
            raise ValueError("the density of the reference or its settings have changed")
        super().load(state)

    def merge(self, other: Self) -> None:
        """Add the counts of another monitor of the same reference, settings and windows."""
        super().merge(other)

    def _counted_by(self) -> list[float]:
        return [self._settings.alpha, self._settings.sample]


def usable(settings: DensitySettings | None, reference: Reference) -> DensityReference | None:
    """Return what density is to be of; ``None`` if it is not asked for, or was not learned."""
    if settings is None:
        return None
    kinds = ("features", "embedding") if settings.of is None else (settings.of,)
    found = {one.kind: one for one in reference.density}
    return next((found[kind] for kind in kinds if kind in found), None)


def series(reference: DensityReference) -> int:
    """Return how many series a monitor has in a window."""
    return SERIES * (1 if reference.combination is None else 2)
