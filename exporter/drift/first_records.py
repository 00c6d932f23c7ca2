"""The first predictions of a model, until they are the reference that it is compared with."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exporter.drift.columns import INPUT_LENGTH, Kind
from exporter.drift.observations import successful
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.storage.rows import Rows

MAX_VERSIONS = 5
"""Of so many versions predictions are kept; the next one takes the place of the idlest."""

_ROW = 256
"""Predictions that are stored together."""


class FirstRecords(Rows):
    """Keeps predictions as JSON lines, as storage does, so that a restart changes nothing.

    Those of each version apart, since two of them would be a mixture that no window resembles. The
    first version that has enough is the reference, also for the versions that come after it.

    Parameters
    ----------
    model
        Its name.
    task
        What it does, as in the configuration.
    number
        Predictions that make a reference.
    kinds
        Kinds of columns that are known beforehand.
    keep
        Writes the reference; called until it succeeds.
    """

    def __init__(
        self,
        model: str,
        task: str,
        number: int,
        kinds: Mapping[str, Kind],
        keep: Callable[[Reference], None],
    ) -> None:
        self._model = model
        self._task = task
        self._number = number
        self._kinds = dict(kinds)
        self._keep = keep
        self._kept = False
        # By version, the one that was idle for longest first.
        self._lines: dict[str, list[str]] = {}
        # Where each is stored: a number that no other version ever had.
        self._places: dict[str, int] = {}
        self._next_place = 0
        self._used = 0
        self.reference: Reference | None = None
        """What they are, once they are complete."""

    @property
    def share(self) -> float:
        """How many of the predictions are there, in 0..1."""
        if self.reference is not None:
            return 1.0
        return max(map(len, self._lines.values()), default=0) / self._number

    @property
    def unkept(self) -> bool:
        """Whether the reference is there, and not written yet."""
        return self.reference is not None and not self._kept

    def add(self, batch: RecordBatch) -> None:
        """Add predictions, up to the one that completes the reference."""
        self._used = 0
        rows = successful(batch)
        if self.reference is not None or not rows.size:
            return
        predictions = batch.take(rows)
        added: Counter[str] = Counter()
        versions = predictions.version.decode()
        for version, line in zip(versions, _lines(predictions), strict=True):
            name = version or ""
            added[name] += 1
            if self._add(name, line) == self._number:
                self._used = added[name]
                self._conclude(name)
                return

    def _add(self, version: str, line: str) -> int:
        """Add a line to those of its version, and return how many these are."""
        lines = self._lines.pop(version, None)
        if lines is None:
            lines = []
            self._places[version] = self._next_place
            self._next_place += 1
            if len(self._lines) == MAX_VERSIONS:
                idlest = next(iter(self._lines))
                del self._lines[idlest], self._places[idlest]
        lines.append(line)
        self._lines[version] = lines
        return len(lines)

    def rest(self, batch: RecordBatch) -> RecordBatch:
        """Return what of the batch that was added last is no part of the reference.

        Parameters
        ----------
        batch
            All of it, or the part of some versions.
        """
        if not self._used or self.reference is None:
            return batch
        versions = batch.version.decode()
        own = [
            row for row in successful(batch).tolist()
            if (versions[row] or "") == self.reference.version
        ]  # fmt: skip
        return batch.take(np.setdiff1d(np.arange(len(batch)), own[: self._used]))

    def _conclude(self, version: str) -> None:
        """Make the reference; in the order of time, if all have one, since tau depends on it."""
        lines = [line.encode() for line in self._lines[version]]
        batch = JsonLines(self._task, features=None).parse(lines, 0.0).batch
        if not np.isnan(batch.timestamp).any():
            batch = batch.take(np.argsort(batch.timestamp, kind="stable"))
        profile = Profile(self._kinds)
        profile.add(batch)
        self.reference = Reference(
            self._model,
            version,
            Provenance((), profile.records, profile.first_timestamp, profile.last_timestamp),
            profile.columns(),
        )

    def keep(self) -> None:
        """Write the reference, if it is there and not written yet; the predictions are let go."""
        if self.reference is not None and not self._kept:
            self._keep(self.reference)
            self._kept = True
            self._lines = {}
            self._places = {}

    def versions(self) -> Mapping[str, int]:
        """Return for each stored row how many predictions it has."""
        return {
            f"{self._places[version]}/{start // _ROW}": min(_ROW, len(lines) - start)
            for version, lines in self._lines.items()
            for start in range(0, len(lines), _ROW)
        }

    def value(self, key: str) -> list[str]:
        """Return the predictions of a row."""
        place, row = map(int, key.split("/"))
        version = next(name for name, its in self._places.items() if its == place)
        return self._lines[version][row * _ROW : (row + 1) * _ROW]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "number": self._number,
            "places": [[version, self._places[version]] for version in self._lines],
            "next_place": self._next_place,
            "lines": self,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; those of another number are begun anew."""
        if state["number"] != self._number:
            return
        self._next_place = state["next_place"]
        for version, place in state["places"]:
            self._places[version] = place
            self._lines[version] = []
            row = 0
            while f"{place}/{row}" in state["lines"]:
                self._lines[version] += state["lines"][f"{place}/{row}"]
                row += 1
            if len(self._lines[version]) == self._number:
                self._conclude(version)


def _lines(batch: RecordBatch) -> Iterator[str]:
    """Yield predictions as the record schema has them: what is a column of a reference."""
    lengths = batch.numbers.get(INPUT_LENGTH, np.full(len(batch), np.nan)).tolist()
    classes, versions = batch.prediction.decode(), batch.version.decode()
    features = {name: column.raw for name, column in batch.features.items()}
    for row in range(len(batch)):
        logged = {name: values[row] for name, values in features.items()}
        record = {
            "timestamp": float(batch.timestamp[row]),
            "model_version": versions[row],
            "prediction": float(batch.prediction_value[row])
            if classes[row] is None
            else classes[row],
            "confidence": float(batch.confidence[row]),
            INPUT_LENGTH: lengths[row],
        }
        known = {name: value for name, value in record.items() if _is_known(value)}
        known["features"] = {name: value for name, value in logged.items() if _is_known(value)}
        yield json.dumps(known)


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))
