"""Ground truth that comes later, joined with its predictions by request id.

Whichever comes first waits for the other, in any file and any order. The label decides in which
window a pair counts, the prediction which version gets the credit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.hashing import of_texts
from exporter.joining.columns import Columns, concatenate
from exporter.joining.keys import Keys
from exporter.joining.waiting import Waiting
from exporter.placement import place
from exporter.records import Categorical, Floats, RecordBatch, class_name
from exporter.windows import Window


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch.

    Attributes
    ----------
    joined
        Pairs that were found; ``None`` if there are none.
    predicted_at
        float64[pairs], event times of their predictions.
    duplicates
        Ground truth for what has one already.
    orphans
        Ground truth that is joined with nothing: without a request id, or of a pair of which
        storage can't read the prediction, or the label, any more.
    violations
        Rules that pairs broke, by (field, rule).
    """

    joined: RecordBatch | None
    predicted_at: Floats
    duplicates: int
    orphans: int
    violations: Counter[tuple[str, str]]


class Join:
    """Predictions that wait for their label, and labels that wait for their prediction.

    Parameters
    ----------
    windows
        The configured windows.
    slices
        Names of the slices that are remembered: of the logged `slice`, or of features.
    """

    def __init__(self, windows: Sequence[Window], slices: Sequence[str] = ()) -> None:
        self._windows = tuple(windows)
        self._slices = tuple(slices)
        self.predictions = Waiting()
        self.labels = Waiting()

    def update(self, batch: RecordBatch, now: float) -> Outcome:
        """Take in a batch whose event times are set; `now` is what its windows end at."""
        identified = batch.identified
        late = batch.truth & ~batch.attempt
        joinable = late & identified
        counts = Counter(orphans=int((late & ~joinable).sum()))
        predicted = (batch.prediction.codes >= 0) | ~np.isnan(batch.prediction_value)
        if batch.prediction_lists is not None:
            predicted |= batch.prediction_lists.present
        predicted &= batch.attempt & ~batch.failed & identified
        pairs: list[tuple[Columns, Columns]] = []
        self._predictions(batch, np.flatnonzero(predicted), pairs, counts)
        self._labels(batch, np.flatnonzero(joinable), pairs, counts)
        duplicates, orphans = counts["duplicates"], counts["orphans"]
        violations: Counter[tuple[str, str]] = Counter()
        if not pairs:
            return Outcome(None, np.empty(0), duplicates, orphans, violations)
        predictions, labels = (concatenate(side) for side in zip(*pairs, strict=True))
        joined = self._joined(batch.received, predictions, labels, now, violations)
        return Outcome(joined, predictions.time, duplicates, orphans, violations)

    def _predictions(
        self,
        batch: RecordBatch,
        rows: NDArray[np.intp],
        pairs: list[tuple[Columns, Columns]],
        counts: Counter[str],
    ) -> None:
        rows, keys, _ = _first_of_each(batch, rows)
        if not rows.size:
            return
        new = self.predictions.find(keys) < 0
        rows, keys = rows[new], keys[new]
        labelled = batch.labelled[rows]
        if labelled.all():
            # They are remembered to know what comes for them again.
            columns = Columns.of_keys(keys, batch.event_time[rows])
        else:
            columns = Columns.of_predictions(self._lean(batch, rows), keys, self._slices)
        at = self.labels.find(keys)
        waited = at >= 0
        waited[waited] = ~self.labels.met(at[waited])
        self.predictions.add(columns, labelled | waited)
        # What a prediction brought with it is its ground truth; another one is a duplicate.
        useless = waited & labelled
        if useless.any():
            self.labels.meet(at[useless])
        useful = np.flatnonzero(waited & ~labelled)
        if useful.size:
            met, labels = self.labels.meet(at[useful])
            if labels is not None:
                pairs.append((columns.take(useful[met]), labels))
            counts["orphans"] += len(useful) - len(met)
        counts["duplicates"] += int(useless.sum())

    def _lean(self, batch: RecordBatch, rows: NDArray[np.intp]) -> RecordBatch:
        """Select records without what is not remembered of them: features are many."""
        if len(rows) == len(batch):
            return batch
        kept = {name: batch.features[name] for name in self._slices if name in batch.features}
        maps = {"slice": batch.maps["slice"]} if "slice" in batch.maps else {}
        return replace(batch, features=kept, maps=maps, request_id=None).take(rows)

    def _labels(
        self,
        batch: RecordBatch,
        rows: NDArray[np.intp],
        pairs: list[tuple[Columns, Columns]],
        counts: Counter[str],
    ) -> None:
        rows, keys, repeated = _first_of_each(batch, rows)
        counts["duplicates"] += repeated
        if not rows.size:
            return
        at = self.predictions.find(keys)
        known = (at >= 0) | (self.labels.find(keys) >= 0)
        open_ = at >= 0
        open_[open_] = ~self.predictions.met(at[open_])
        counts["duplicates"] += int((known & ~open_).sum())
        columns = Columns.of_labels(batch.take(rows), keys)
        found = np.flatnonzero(open_)
        if found.size:
            met, predictions = self.predictions.meet(at[found])
            if predictions is not None:
                pairs.append((predictions, columns.take(found[met])))
            counts["orphans"] += len(found) - len(met)
        waits = np.flatnonzero(~known)
        self.labels.add(columns.take(waits), np.zeros(len(waits), dtype=bool))

    def _joined(
        self,
        received: float,
        predictions: Columns,
        labels: Columns,
        now: float,
        violations: Counter[tuple[str, str]],
    ) -> RecordBatch:
        count = len(labels)
        label, label_value = _comparable(predictions, labels, violations)
        nothing = np.zeros(count, dtype=bool)
        return RecordBatch(
            received=received,
            timestamp=labels.time,
            version=predictions.classes["version"],
            attempt=nothing,
            failed=nothing,
            error_type=Categorical.empty(count),
            prediction=predictions.classes["prediction"],
            prediction_value=predictions.value,
            label=label,
            label_value=label_value,
            confidence=predictions.confidence,
            latency=np.full(count, np.nan),
            scores=predictions.scores,
            prediction_lists=predictions.lists,
            label_lists=labels.lists,
            numbers=dict(predictions.numbers),
            maps={"slice": dict(predictions.slices)} if predictions.slices else {},
            joined=True,
            event_time=labels.time,
            placements=place(self._windows, labels.time, np.array([now])),
        )

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"predictions": self.predictions.dump(), "labels": self.labels.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self.predictions.load(state["predictions"])
        self.labels.load(state["labels"])


def _first_of_each(
    batch: RecordBatch, rows: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Keys, int]:
    """Return the first row of each id, ascending, with its key, and how many others there are."""
    if batch.request_id is None or not rows.size:
        return rows[:0], np.empty(0, dtype=np.uint64), 0
    keys = of_texts([batch.request_id[row] or "" for row in rows.tolist()])
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return rows[first], keys[first], len(rows) - len(first)


def _comparable(
    predictions: Columns, labels: Columns, violations: Counter[tuple[str, str]]
) -> tuple[Categorical, Floats]:
    """Return the ground truth as the prediction is written: a class, or a number.

    Alone it does not tell: 1 may be either.
    """
    text, value = labels.classes["label"], labels.value
    numeric = ~np.isnan(predictions.value)
    as_numbers = np.array([*map(_float, text.values), np.nan])[text.codes]
    value_out = np.where(numeric, np.where(np.isnan(value), as_numbers, value), np.nan)
    names = [
        None if np.isnan(number) else class_name(number)
        for number in np.where(numeric, np.nan, value).tolist()
    ]
    # A value is there for classes only where the parser took a number for one.
    text_out = text.where(~numeric)
    if any(names):
        text_out = Categorical.encode(
            [given or name for given, name in zip(text_out.decode(), names, strict=True)]
        )
    wrong = int((numeric & np.isnan(value_out)).sum())
    if wrong:
        violations["true_label", "type"] += wrong
    return text_out, value_out


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan
