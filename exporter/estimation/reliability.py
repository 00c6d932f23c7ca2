"""How often a model is right that is so sure: labelled predictions of a reference, counted.

Confidence-based performance estimation: the accuracy to expect of predictions is the mean of their
calibrated confidence (Guillory et al. 2021, Predicting with Confidence on Unseen Distributions;
NannyML calls it CBPE). It sees a change of the inputs, which shows in the confidence. It can't see
that the world answers otherwise than before for the same inputs (concept drift): for that its
distance from the realised accuracy is the sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter import canonical
from exporter.errors import UsageError
from exporter.estimation.curve import CELLS, STEPS, Curve
from exporter.monitors.binary import is_class, probability
from exporter.records import Floats, RecordBatch

LEAST = 300
"""Of fewer labelled predictions no curve is made."""
_DECIMALS = 9

Counts = NDArray[np.int64]
Classes = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Spread:
    """By how much estimates of a figure were off in parts of the reference, chance left out.

    Attributes
    ----------
    periods
        Root mean square over the parts that follow each other in time.
    shift
        The same over the parts of like inputs, for each unit of the distance between their scores
        and those of the whole (total variation, 0 to 1).
    """

    periods: float
    shift: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Labelled predictions of a reference by how sure the model was, and the right ones of them.

    Attributes
    ----------
    predictions, right
        int64[1, CELLS] by confidence; or of a model of two classes int64[2, CELLS], predicted
        negative and predicted positive, by the probability of the positive class.
    classes
        The negative and the positive class of a model of two.
    spreads
        Of each figure of :mod:`exporter.estimation.figures`.
    """

    predictions: Counts
    right: Counts
    classes: Classes | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether a curve can be made of it."""
        return int(self.predictions.sum()) >= LEAST

    @cached_property
    def curve(self) -> Curve:
        """The probability of what is counted, by cell; of two classes that of the positive one."""
        number = self.predictions.sum(axis=0)
        return Curve.fit(number, hits(self.predictions, self.right))

    def check_positive(self, configured: str | None, path: Path) -> None:
        """Check that the positive class is the one that is configured, if one is.

        Raises
        ------
        UsageError
            If it is the other one.
        """
        if configured is not None and self.classes and self.classes[1] != configured:
            raise UsageError(
                f"{path}: reliability.classes: the positive class was {self.classes[1]!r:.80}, "
                f"positive_class is {configured!r:.80} now; build the reference again"
            )

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the document as JSON with sorted keys and no white space."""
        return canonical.digest(canonical.canonical(self.document()))

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "classes": None if self.classes is None else list(self.classes),
            "predictions": self.predictions.tolist(),
            "right": self.right.tolist(),
            "spreads": {
                name: {"periods": spread.periods, "shift": spread.shift}
                for name, spread in sorted(self.spreads.items())
            },
        }


def hits(predictions: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return int64[CELLS], how often came true what the score is the probability of."""
    if len(predictions) == 1:
        return np.asarray(right[0])
    return np.asarray(right[1] + predictions[0] - right[0])


def cells_of(score: Floats) -> Counts:
    """Return int64[n], the cell of each score, none of them NaN; 1 - score has STEPS - cell."""
    # What is a tie but for the last bits goes to the even cell from both sides.
    return np.rint(np.round(score * STEPS, _DECIMALS)).astype(np.int64)


def cells(batch: RecordBatch, classes: Classes | None) -> Counts:
    """Return int64[n], positions in the flattened counts; -1 where there is no score.

    Parameters
    ----------
    classes
        The negative and the positive class, of which the score is one's probability; ``None``:
        the score is the confidence.
    """
    found = np.full(len(batch), -1, dtype=np.int64)
    if classes is None:
        score, row = batch.confidence, np.zeros(len(batch), dtype=np.int64)
        known = batch.prediction.codes >= 0
    else:
        negative, positive = classes
        chosen = is_class(batch.prediction, positive)
        score, row = probability(batch, classes), chosen.astype(np.int64)
        known = chosen | is_class(batch.prediction, negative)
    known = known & ~np.isnan(score)
    if known.any():
        found[known] = row[known] * CELLS + cells_of(score[known])
    return found
