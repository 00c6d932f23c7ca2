"""Whether what models depend on is there, fresh, and of the schema that it had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.dependencies.probing import REASONS, Check, Reason


@dataclass(frozen=True, slots=True)
class Dependency:
    """What is known of a dependency from the configuration.

    Attributes
    ----------
    models
        Names of the models that depend on it.
    expect_every
        Seconds between its changes; ``None`` if nobody expects any.
    """

    name: str
    models: tuple[str, ...]
    expect_every: float | None


@dataclass(frozen=True, slots=True)
class State:
    """What was found, all looks taken together; immutable.

    Attributes
    ----------
    up
        Of the last look; ``None`` before the first of this process.
    checked
        Unix seconds of the last look.
    changed, size, fingerprint, schema
        Of the last look that found it; times of change are the dependency's own where it has any.
    schema_changes
        How often a look found another schema than the one before.
    failures
        Failed looks by reason.
    """

    up: bool | None = None
    checked: float = 0.0
    changed: float | None = None
    size: int | None = None
    fingerprint: str | None = None
    schema: str | None = None
    schema_changes: int = 0
    failures: Mapping[Reason, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))

    def after(self, check: Check) -> State:
        """Return the state with one more look."""
        if check.seen is None:
            # What was there before says nothing of what is there now, but its age does.
            failures = dict(self.failures)
            if check.reason is not None:
                failures[check.reason] += 1
            return replace(self, up=False, checked=check.time, failures=failures)
        seen = check.seen
        changed = seen.changed
        if changed is None and seen.fingerprint is not None:
            known = self.fingerprint is not None
            other = seen.fingerprint != self.fingerprint
            # At the first look nobody knows how old it is.
            changed = check.time if known and other else self.changed
        schema = self.schema if seen.schema is None else seen.schema
        return replace(
            self,
            up=True,
            checked=check.time,
            changed=changed,
            size=seen.size,
            fingerprint=seen.fingerprint,
            schema=schema,
            schema_changes=self.schema_changes
            + (self.schema is not None and schema != self.schema),
        )


class Dependencies:
    """The dependencies of all models.

    Fed with what :class:`exporter.dependencies.checker.Checker` finds; looks at nothing itself.

    Parameters
    ----------
    dependencies
        As configured.
    """

    name: ClassVar[str] = "dependencies"

    def __init__(self, dependencies: Sequence[Dependency]) -> None:
        self._dependencies = tuple(dependencies)
        self._states = {one.name: State() for one in dependencies}

    def update(self, checks: Iterable[Check]) -> None:
        """Fold in looks, in the order in which they were over."""
        for check in checks:
            if check.name in self._states:
                self._states[check.name] = self._states[check.name].after(check)

    def snapshot(self) -> Mapping[str, State]:
        """Return an immutable copy."""
        return dict(self._states)

    def families(self, snapshot: Mapping[str, State], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the families; what is not known is absent."""
        up = _gauge("model_dependency_up", "1 if the last look found the dependency, else 0.")
        checked = _gauge("model_dependency_last_check_timestamp_seconds", "Time of the last look.")
        changed = _gauge(
            "model_dependency_last_change_timestamp_seconds",
            "Time of the dependency's last change.",
        )
        size = _gauge(
            "model_dependency_size_bytes", "Its size; of a directory, of the files in it."
        )
        expected = _gauge(
            "model_dependency_expected_interval_seconds",
            "Longest time between changes, as expected.",
        )
        schema = _gauge(
            "model_dependency_schema_info", "Hash of its columns or keys and their types.", "hash"
        )
        schema_changes = _counter(
            "model_dependency_schema_changes", "How often its schema became another one."
        )
        failures = _counter(
            "model_dependency_check_failures", "Looks that failed, by reason.", "reason"
        )
        for one in self._dependencies:
            state = snapshot[one.name]
            for model in one.models:
                at = [model, one.name]
                if state.up is not None:
                    up.add_metric(at, int(state.up))
                    checked.add_metric(at, state.checked)
                if state.changed is not None:
                    changed.add_metric(at, state.changed)
                if state.up and state.size is not None:
                    size.add_metric(at, state.size)
                if one.expect_every is not None:
                    expected.add_metric(at, one.expect_every)
                if state.schema is not None:
                    schema.add_metric([*at, state.schema], 1)
                schema_changes.add_metric(at, state.schema_changes)
                for reason, number in state.failures.items():
                    failures.add_metric([*at, reason], number)
        yield from (up, checked, changed, size, expected, schema, schema_changes, failures)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, by name."""
        return {
            name: {
                "changed": state.changed,
                "fingerprint": state.fingerprint,
                "schema": state.schema,
                "schema_changes": state.schema_changes,
                "failures": dict(state.failures),
            }
            for name, state in self._states.items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; dependencies that are not configured are dropped.

        Whether one is up is not restored: it may have gone meanwhile.
        """
        for name in self._states.keys() & state.keys():
            stored = state[name]
            self._states[name] = State(
                changed=stored["changed"],
                fingerprint=stored["fingerprint"],
                schema=stored["schema"],
                schema_changes=int(stored["schema_changes"]),
                failures={reason: int(stored["failures"].get(reason, 0)) for reason in REASONS},
            )


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["model", "dependency", *labels])


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=["model", "dependency", *labels])
