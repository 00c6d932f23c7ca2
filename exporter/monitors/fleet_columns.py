"""Which columns of a reference have series for Prometheus to compare over a fleet."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.drift.columns import OUTPUTS, Column
from exporter.drift.fleet import FleetColumn
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.feature_values import CATEGORIES, HISTOGRAM

_SHARES = 10


def fleet_columns(
    columns: Sequence[Column], models: int, budget: SeriesBudget
) -> tuple[FleetColumn, ...]:
    """Return the columns whose series, those of one version included, a model may have.

    That is a tenth of the budget, and half of it for all models together: without a limit of their
    own, the columns of a wide reference would leave nothing for the classes and versions of any
    model. What the model itself puts out comes first, then the columns in their order. Those for
    which nothing is left are counted as refused; one of which the reference has no value can't be
    compared.

    Parameters
    ----------
    columns
        Those of the reference that are tested.
    models
        How many models share the budget.
    budget
        Grants the series; nothing is taken from it yet.
    """
    known = [FleetColumn.of(column) for column in columns if column.n]
    known.sort(key=lambda fleet: fleet.column.name not in OUTPUTS)
    left = budget.limit // max(_SHARES, 2 * models)
    chosen = []
    for fleet in known:
        left -= fleet.series + fleet.reference_series
        if left >= 0:
            chosen.append(fleet)
        else:
            budget.refused[HISTOGRAM if fleet.numeric else CATEGORIES] += 1
    return tuple(chosen)
