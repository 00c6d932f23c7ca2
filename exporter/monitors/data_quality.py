"""Records that break the rules which the configuration has for a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.config.rules import Privacy, Rules
from exporter.event_time import MAX_AHEAD_SECONDS
from exporter.hashing import Hashes, of_texts
from exporter.monitors.budget import Budget
from exporter.monitors.labels import OTHER
from exporter.monitors.validation import VIOLATIONS_HELP
from exporter.parsing.fields import REQUEST_ID
from exporter.placement import add_all
from exporter.quality import identities
from exporter.quality.comparison import Comparison
from exporter.quality.fields import values_of
from exporter.quality.offenders import PER_RULE, Offender, Offenders
from exporter.quality.recent import Recent
from exporter.quality.rules import rules_of
from exporter.records import Mask, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

_KEPT_RULES, _VIOLATING = 0, 1
_METRIC = "model_field_violations_total"

Key = tuple[str, str]
Show = Callable[[int], list[tuple[str, Any]]]
"""Name and value of what a rule is about, in a record."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts, rings and a few records at one moment.

    Attributes
    ----------
    offenders
        The last values that broke a rule, for people to look at.
    """

    checked: int
    violating: int
    violations: Mapping[Key, int]
    rings: tuple[RingView, ...]
    offenders: tuple[Offender, ...]


class DataQuality:
    """Holds the predictions of one model against its rules. A broken rule drops nothing.

    Only predictions are checked: attempts that did not fail. Everything but which one of several
    equal records is called the duplicate is independent of their order.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    windows
        The configured windows.
    rules
        What is checked, what it includes already taken in.
    privacy
        What may be shown of records.
    budget
        Grants the series of each field; refused fields count as ``other``.
    replay
        Whether the past is read on purpose: nothing is stale then.
    """

    name: ClassVar[str] = "data_quality"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        rules: Rules,
        privacy: Privacy,
        budget: Budget,
        *,
        replay: bool = False,
    ) -> None:
        self._labels = dict(labels)
        self._rules = [
            (path, list(rules_of(path, settings))) for path, settings in rules.fields.items()
        ]
        self._comparisons = [Comparison.parse(text) for text in rules.compare]
        self._max_age = np.inf if replay or rules.max_age is None else rules.max_age
        unique = rules.fields.get(REQUEST_ID)
        self._ids = Recent(rules.remember) if unique is not None and unique.unique else None
        self._records = Recent(rules.remember) if rules.duplicates else None
        self._offenders = Offenders(show_values=privacy.show_values, redact=privacy.redact)
        self._named: dict[Key, Key] = {}
        self._name(budget, rules)
        self._violations: Counter[Key] = Counter(dict.fromkeys(self._named.values(), 0))
        self._checked = 0
        self._violating = 0
        self._rings = [WindowRing(window, (2,)) for window in windows]

    def _name(self, budget: Budget, rules: Rules) -> None:
        """Give each rule its series, as far as there may be more."""
        keys = [(path, rule.name) for path, of_field in self._rules for rule in of_field]
        keys += [(comparison.text, "compare") for comparison in self._comparisons]
        if self._ids is not None:
            keys.append((REQUEST_ID, "unique"))
        if self._records is not None:
            keys.append(("record", "duplicate"))
        if rules.max_age is not None:
            keys.append(("timestamp", "stale"))
        by_field: dict[str, list[str]] = {}
        for field, rule in keys:
            by_field.setdefault(field, []).append(rule)
        for field, names in by_field.items():
            granted = budget.claim(_METRIC, len(names))
            for rule in names:
                self._named[field, rule] = (field if granted else OTHER, rule)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        checked = batch.attempt & ~batch.failed
        if not checked.any():
            return
        # What is ahead is counted where event times are made.
        violating = checked & (batch.timestamp > batch.received + MAX_AHEAD_SECONDS)
        for key, mask, show in self._broken(batch, checked):
            broken = mask & checked
            number = int(broken.sum())
            if number:
                violating |= broken
                self._violations[self._named[key]] += number
                self._show(batch, key, broken, show)
        self._checked += int(checked.sum())
        self._violating += int(violating.sum())
        cells = np.where(checked, np.where(violating, _VIOLATING, _KEPT_RULES), -1)
        add_all(self._rings, batch.placements, cells)

    def _broken(self, batch: RecordBatch, checked: Mask) -> Iterator[tuple[Key, Mask, Show]]:
        for path, rules in self._rules:
            values = values_of(batch, path)
            for rule in rules:
                mask = rule.broken(values)
                if mask is not None:
                    yield (path, rule.name), mask, _shower(batch, [path])
        for comparison in self._comparisons:
            mask = comparison.broken(batch)
            if mask is not None:
                yield (comparison.text, "compare"), mask, _shower(batch, comparison.fields)
        if self._max_age < np.inf:
            mask = batch.received - batch.timestamp > self._max_age
            yield ("timestamp", "stale"), mask, _no_value
        if self._ids is not None and batch.request_id is not None:
            named = checked & batch.identified
            mask = _repeated(self._ids, batch, named, _hashes_of_ids)
            yield (REQUEST_ID, "unique"), mask, _shower(batch, [REQUEST_ID])
        if self._records is not None:
            # Without a time or a name of their own, equal records may well be different ones.
            known = ~np.isnan(batch.timestamp)
            known |= batch.identified
            mask = _repeated(self._records, batch, checked & known, identities.of_records)
            yield ("record", "duplicate"), mask, _no_value

    def _show(self, batch: RecordBatch, key: Key, broken: Mask, show: Show) -> None:
        for row in np.flatnonzero(broken)[-PER_RULE:].tolist():
            code = int(batch.version.codes[row])
            version = "" if code < 0 else batch.version.values[code]
            self._offenders.add(*key, show(row), float(batch.event_time[row]), version)

    @property
    def model(self) -> str:
        """The model whose predictions these are."""
        return self._labels["model"]

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._checked,
            self._violating,
            dict(self._violations),
            tuple(ring.view() for ring in self._rings),
            self._offenders.latest(),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the counters and the rolling share."""
        names, values = list(self._labels), list(self._labels.values())
        violations = CounterMetricFamily(
            _METRIC.removesuffix("_total"), VIOLATIONS_HELP, labels=[*names, "field", "rule"]
        )
        for (field, rule), count in sorted(snapshot.violations.items()):
            violations.add_metric([*values, field, rule], count)
        yield violations
        checked = CounterMetricFamily(
            "model_records_checked", "Predictions that were held against the rules.", labels=names
        )
        checked.add_metric(values, snapshot.checked)
        violating = CounterMetricFamily(
            "model_records_violating", "Predictions that broke at least one rule.", labels=names
        )
        violating.add_metric(values, snapshot.violating)
        yield from (checked, violating)
        window_checked = GaugeMetricFamily(
            "model_window_checked",
            "Predictions of the window that were held against the rules.",
            labels=[*names, "window"],
        )
        ratio = GaugeMetricFamily(
            "model_violating_ratio",
            "Share of the window's predictions that broke at least one rule.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            kept, broken = ring.total(now).tolist()
            at = [*values, ring.window.name]
            window_checked.add_metric(at, kept + broken)
            if kept + broken:
                ratio.add_metric(at, broken / (kept + broken))
        yield from (window_checked, ratio)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage; the records that are kept to be looked at are not in it."""
        return {
            "checked": self._checked,
            "violating": self._violating,
            "violations": [[*key, count] for key, count in self._violations.items()],
            "rings": [ring.dump() for ring in self._rings],
            "ids": self._ids,
            "records": self._records,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; rules that are new start at 0, others are gone."""
        stored = {(field, rule): count for field, rule, count in state["violations"]}
        for key in self._violations:
            self._violations[key] = int(stored.get(key, 0))
        self._checked = int(state["checked"])
        self._violating = int(state["violating"])
        load_rings(self._rings, state["rings"])
        for recent, numbers in ((self._ids, state["ids"]), (self._records, state["records"])):
            if recent is not None and numbers is not None:
                recent.load(numbers)

    def merge(self, other: DataQuality) -> None:
        """Add the counts of another monitor of the same rules and windows.

        Raises
        ------
        ValueError
            If its rules are others, or are about records that came before: those of another
            monitor did not.
        """
        if self._violations.keys() != other._violations.keys():
            raise ValueError("can't merge the counts of different rules")
        if self._ids is not None or self._records is not None:
            raise ValueError("can't merge what is unique to each of two streams")
        self._violations.update(other._violations)
        self._checked += other._checked
        self._violating += other._violating
        for ring, theirs in zip(self._rings, other._rings, strict=True):
            ring.merge(theirs)


def _repeated(
    recent: Recent,
    batch: RecordBatch,
    among: Mask,
    hashes: Callable[[RecordBatch], Hashes],
) -> Mask:
    """Return bool[n], those of the records in question that came before."""
    repeated = np.zeros(len(batch), dtype=bool)
    if among.any():
        again = recent.repeated(hashes(batch)[among])
        if again is not None:
            repeated[among] = again
    return repeated


def _hashes_of_ids(batch: RecordBatch) -> Hashes:
    return of_texts([one or "" for one in batch.request_id or ()])


def _shower(batch: RecordBatch, paths: Sequence[str]) -> Show:
    return lambda row: [(path, values_of(batch, path).show(row)) for path in paths]


def _no_value(row: int) -> list[tuple[str, Any]]:  # noqa: ARG001
    return []
