"""What the processes that serve a model use of their machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.servers.sampling import REASONS, Process, Reason, Sample, Use

_SAME_START_SECONDS = 1.0
"""Starts of one process, as seen before and after a restart of the exporter, differ by less."""
_SAME_CPU_SECONDS = 1.0
_BEFORE_SECONDS = 2.0
"""How precisely the start of a process is known on the clock."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was last seen of a process."""

    pid: int
    parent: int
    started: float
    use: Use

    def is_same(self, process: Process) -> bool:
        """Return whether `process` is this one, later: its number alone may be another one's."""
        return (
            self.pid == process.pid
            and abs(self.started - process.started) < _SAME_START_SECONDS
            # After a boot another one may have the same number and the same time since then.
            and process.use.cpu > self.use.cpu - _SAME_CPU_SECONDS
        )


@dataclass(frozen=True, slots=True)
class State:
    """What was found, all looks taken together; immutable.

    Attributes
    ----------
    up
        Of the last look; ``None`` before the first of this process.
    checked
        Unix seconds of the last look.
    processes
        Those that run, as of the last look; empty if it failed.
    known
        What was last seen of each process, by its number; of the last look that succeeded.
    listed
        Unix seconds at which that one searched for new processes; ``None`` before the first.
    total
        What all processes have used, those that ended included; never falls. ``None`` before the
        first look that succeeded.
    restarts
        How often a main process took the place of another one.
    missing
        Main processes that ended and were not replaced so far.
    errors
        Looks that failed, in part or whole, by reason.
    """

    up: bool | None = None
    checked: float = 0.0
    processes: tuple[Process, ...] = ()
    known: Mapping[int, Known] = field(default_factory=dict)
    listed: float | None = None
    total: Use | None = None
    restarts: int = 0
    missing: int = 0
    errors: Mapping[Reason, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))

    def after(self, sample: Sample) -> State:
        """Return the state with one more look."""
        reason = sample.reason
        if reason is None and any(process.denied for process in sample.processes):
            reason = "permission_denied"
        errors = dict(self.errors)
        if reason is not None:
            errors[reason] += 1
        if sample.reason is not None:
            # What was known stays: the processes may still be there when the next look succeeds.
            return replace(self, up=False, checked=sample.time, processes=(), errors=errors)
        seen = {one.pid: one for one in sample.processes}
        same = {pid for pid, known in self.known.items() if _among(known, seen)}
        restarts, missing = self._replaced(seen, same)
        known = {
            pid: Known(pid, one.parent, one.started, self._latest(one, known=pid in same))
            for pid, one in seen.items()
        }
        return State(
            up=True,
            checked=sample.time,
            processes=tuple(one for one in sample.processes if not one.zombie),
            known=known,
            listed=sample.listed,
            total=self._grown(seen, same),
            restarts=self.restarts + restarts,
            missing=missing,
            errors=errors,
        )

    def _latest(self, process: Process, *, known: bool) -> Use:
        """Return the use to compare the next look with; what is hidden for once stays."""
        if not known:
            return process.use
        before, now = self.known[process.pid].use, process.use
        return Use(
            max(before.cpu, now.cpu),
            before.read if now.read is None else now.read,
            before.written if now.written is None else now.written,
        )

    def _grown(self, seen: Mapping[int, Process], same: set[int]) -> Use:
        """Return the total with what was used since the last look.

        What a process uses includes what its children used that have ended. Of that the part that
        was seen while they ran has counted already.
        """
        ended: dict[int, list[Use]] = {}
        for pid, known in self.known.items():
            if pid not in same:
                heir = self._heir(known, same)
                if heir is not None:
                    ended.setdefault(heir, []).append(known.use)
        total = Use(0.0) if self.total is None else self.total
        for pid, process in seen.items():
            if pid in same:
                total = _plus(total, process.use, [self.known[pid].use], ended.get(pid, []))
            elif self.listed is None or process.created > self.listed - _BEFORE_SECONDS:
                total = _plus(total, process.use, [Use(0.0, 0, 0)], [])
            else:
                # It ran elsewhere before it became one of these: that is none of this rate.
                total = _plus(total, process.use, [process.use], [])
        return total

    def _heir(self, ended: Known, same: set[int]) -> int | None:
        """Return the nearest process above one that ended which still runs."""
        pid = ended.parent
        passed = {ended.pid}
        while pid not in same:
            if pid not in self.known or pid in passed:
                return None
            passed.add(pid)
            pid = self.known[pid].parent
        return pid

    def _replaced(self, seen: Mapping[int, Process], same: set[int]) -> tuple[int, int]:
        """Return how many main processes took another's place, and how many places are empty."""
        if self.listed is None:
            return 0, 0
        ended = sum(
            pid not in same and known.parent not in self.known for pid, known in self.known.items()
        )
        begun = sum(pid not in same and one.parent not in seen for pid, one in seen.items())
        empty = self.missing + ended
        replaced = min(begun, empty)
        return replaced, empty - replaced


class ServerProcesses:
    """The servers of all models that name one.

    Fed with what :class:`exporter.servers.sampler.Sampler` finds; looks at nothing itself.

    Parameters
    ----------
    models
        Their names.
    """

    name: ClassVar[str] = "server"

    def __init__(self, models: Sequence[str]) -> None:
        self._states = {model: State() for model in models}

    def update(self, samples: Iterable[Sample]) -> None:
        """Fold in looks, in the order in which they were over."""
        for sample in samples:
            if sample.model in self._states:
                self._states[sample.model] = self._states[sample.model].after(sample)

    def snapshot(self) -> Mapping[str, State]:
        """Return an immutable copy."""
        return dict(self._states)

    def families(self, snapshot: Mapping[str, State], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the families; what is not known, or not of all processes, is absent."""
        up = _gauge("model_server_up", "1 if the last look found the server's processes, else 0.")
        sampled = _gauge("model_server_last_sample_timestamp_seconds", "Time of the last look.")
        number = _gauge(
            "model_server_processes", "Processes of the server: main ones and their descendants."
        )
        started = _gauge("model_server_start_time_seconds", "Start of its oldest process.")
        resident = _gauge(
            "model_server_resident_memory_bytes",
            "Memory of its processes; what they share counts for each.",
        )
        threads = _gauge("model_server_threads", "Threads of its processes.")
        fds = _gauge("model_server_open_fds", "Open file descriptors of its processes.")
        worst = _gauge(
            "model_server_worst_fd_ratio",
            "Largest share of its limit of file descriptors that a process uses.",
        )
        cpu = _counter(
            "model_server_cpu_seconds", "CPU time of its processes, those that ended included."
        )
        read = _counter("model_server_read_bytes", "Bytes that its processes read from storage.")
        written = _counter("model_server_write_bytes", "Bytes that its processes wrote to storage.")
        restarts = _counter(
            "model_server_restarts", "How often a main process took the place of another one."
        )
        errors = _counter(
            "model_server_sample_errors",
            "Looks that failed, in part or whole, by reason.",
            "reason",
        )
        for model, state in snapshot.items():
            at = [model]
            running = state.processes
            if state.up is not None:
                up.add_metric(at, int(state.up))
                sampled.add_metric(at, state.checked)
            if running:
                number.add_metric(at, len(running))
                started.add_metric(at, min(one.created for one in running))
                resident.add_metric(at, sum(one.resident for one in running))
                threads.add_metric(at, sum(one.threads for one in running))
                if open_ := _of_all(one.fds for one in running):
                    fds.add_metric(at, sum(open_))
                if ratios := _of_all(one.fd_ratio for one in running):
                    worst.add_metric(at, max(ratios))
            if state.total is not None:
                cpu.add_metric(at, state.total.cpu)
                # What was counted stays while none runs, but not while part of it is hidden.
                hidden = any(one.use.read is None or one.use.written is None for one in running)
                if state.total.read is not None and not hidden:
                    read.add_metric(at, state.total.read)
                if state.total.written is not None and not hidden:
                    written.add_metric(at, state.total.written)
            restarts.add_metric(at, state.restarts)
            for reason, count in state.errors.items():
                errors.add_metric([model, reason], count)
        yield from (up, sampled, number, started, resident, threads, fds, worst)
        yield from (cpu, read, written, restarts, errors)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, by model."""
        return {
            model: {
                "known": [
                    [one.pid, one.parent, one.started, _dumped(one.use)]
                    for one in state.known.values()
                ],
                "listed": state.listed,
                "total": None if state.total is None else _dumped(state.total),
                "restarts": state.restarts,
                "missing": state.missing,
                "errors": dict(state.errors),
            }
            for model, state in self._states.items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; servers that are not configured are dropped.

        Whether one is up is not restored: it may have gone meanwhile.
        """
        for model in self._states.keys() & state.keys():
            stored = state[model]
            self._states[model] = State(
                known={
                    pid: Known(pid, parent, started, Use(*use))
                    for pid, parent, started, use in stored["known"]
                },
                listed=stored["listed"],
                total=None if stored["total"] is None else Use(*stored["total"]),
                restarts=int(stored["restarts"]),
                missing=int(stored["missing"]),
                errors={reason: int(stored["errors"].get(reason, 0)) for reason in REASONS},
            )


def _of_all(values: Iterable[float | None]) -> list[float]:
    """Return the values, none if one is missing: a sum of the others would mislead."""
    values = list(values)
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _among(known: Known, seen: Mapping[int, Process]) -> bool:
    return known.pid in seen and known.is_same(seen[known.pid])


def _plus(total: Use, now: Use, before: Sequence[Use], ended: Sequence[Use]) -> Use:
    """Return `total` with what came to `before` and `ended`, which `now` includes."""
    counted = [*before, *ended]
    return Use(
        total.cpu + max(0.0, now.cpu - sum(one.cpu for one in counted)),
        _grown(total.read, now.read, [one.read for one in counted]),
        _grown(total.written, now.written, [one.written for one in counted]),
    )


def _grown(total: int | None, now: int | None, counted: Sequence[int | None]) -> int | None:
    if now is None:
        return total
    if counted[0] is None:
        # Seen for the first time: what came before is not known to be new.
        return total or 0
    return (total or 0) + max(0, now - sum(one or 0 for one in counted))


def _dumped(use: Use) -> list[float | None]:
    return [use.cpu, use.read, use.written]


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["model"])


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=["model", *labels])
