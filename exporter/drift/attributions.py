"""What a reference knows of attributions: how much each feature contributes to predictions."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import NumericColumn
from exporter.drift.numeric_profile import NumericProfile
from exporter.records import Floats, RecordBatch

FIELD = "attributions"
MOST_FEATURES = 50
"""Of more features a reference keeps those that contribute most."""
MAX_VALUES = 100_000
"""Of more attributions than these of a feature a uniform sample is kept."""
SAMPLE_SIZE = 500
LARGEST = 1e15
"""A greater attribution would spoil the sum of all others for good, and is passed over."""
_MOST_COLLECTED = 200


def sizes(batch: RecordBatch, feature: str) -> Floats:
    """Return float64[n], a feature's absolute attributions, NaN where it has none."""
    column = batch.maps.get(FIELD, {}).get(feature)
    if column is None:
        return np.full(len(batch), np.nan)
    size = np.abs(column.numeric())
    return np.where(size <= LARGEST, size, np.nan)


def importance(column: NumericColumn) -> float:
    """Return the mean |attribution| over all records that have any, 0 where the feature has none.

    Services may log only the largest attributions of a prediction: those left out are next to 0.
    """
    share = (column.rows - column.missing) / column.rows if column.rows else 0.0
    return (column.moments.mean or 0.0) * share


def rank_agreement(reference: Floats, current: Floats) -> float:
    """Return the nDCG of a ranking of features against the reference's: 1 if it is the same.

    DCG is the sum of a(i) / log2(i + 1) over the features in the order of `current`, a(i) being the
    reference's value of the i-th; nDCG is DCG over what the reference's own order gives (Amazon
    SageMaker Clarify, "Feature attribution drift"; Järvelin and Kekäläinen 2002).

    Parameters
    ----------
    reference, current
        float64[features], mean |attribution| of each feature. Not all of the reference's are 0.
    """
    discount = 1.0 / np.log2(np.arange(2, len(reference) + 2))
    # Of features that are equal now, the one that counted less stands first: a tie is no agreement.
    order = np.lexsort((reference, -current))
    ideal = np.sort(reference)[::-1]
    return float((reference[order] * discount).sum() / (ideal * discount).sum())


class AttributionProfile:
    """Accumulates attributions; memory is bounded by features."""

    def __init__(self) -> None:
        self.records = 0
        """Predictions with any attribution."""
        self._features: dict[str, NumericProfile] = {}

    def add(self, batch: RecordBatch) -> None:
        """Add the predictions of a batch."""
        logged = batch.maps.get(FIELD)
        if not logged:
            return
        some = np.zeros(len(batch), dtype=bool)
        for feature in logged:
            values = sizes(batch, feature)
            some[~np.isnan(values)] = True
            if feature in self._features or len(self._features) < _MOST_COLLECTED:
                self._features.setdefault(feature, NumericProfile(MAX_VALUES)).add(values)
        self.records += int(some.sum())

    def finish(self) -> tuple[NumericColumn, ...]:
        """Return the columns of the features that contribute most, in order of their names."""
        totals = {
            feature: profile.mean * profile.seen for feature, profile in self._features.items()
        }
        # Of equal ones the first by name, so that equal content gives an equal reference.
        ranked = sorted(totals, key=lambda feature: (-totals[feature], feature))
        return tuple(
            self._features[feature].finish(feature, self.records, SAMPLE_SIZE)
            for feature in sorted(ranked[:MOST_FEATURES])
            if self._features[feature].seen
        )
