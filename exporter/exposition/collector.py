"""The published snapshot as Prometheus metric families."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.exposition import self_metrics
from exporter.monitors.charts import Charted, Course, Shape, Shaped
from exporter.monitors.group import families
from exporter.monitors.isolation import Isolation
from exporter.pipeline import Snapshot

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ConfigRead:
    """How reading the configuration went.

    Attributes
    ----------
    loaded_at
        Unix seconds at which the one in force was read.
    successful
        Whether the last attempt to read one succeeded.
    """

    loaded_at: float
    successful: bool = True


class PublishedCollector(Collector):
    """Renders the last snapshot that was published; never touches live state.

    Parameters
    ----------
    isolation
        Runs the monitors: one that fails costs its own families.
    clock
        Unix seconds: the end of all rolling windows.
    timer
        Seconds of a clock that only goes forward; ``None`` leaves the scrape's duration out.
    config_loaded_at
        Unix seconds at which the configuration was read.
    """

    def __init__(
        self, isolation: Isolation, clock: Clock, timer: Clock | None, config_loaded_at: float
    ) -> None:
        self._isolation = isolation
        self._clock = clock
        self._timer = timer
        self.config_read = ConfigRead(config_loaded_at)
        """Replaced as a whole, hence to be read from any thread."""
        self._snapshot: Snapshot | None = None

    def publish(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on. Assigning a reference is atomic: no lock is needed."""
        self._snapshot = snapshot

    def configured(self, config_loaded_at: float, *, reload_successful: bool) -> None:
        """Show when the configuration in force was read, and whether the last attempt succeeded."""
        self.config_read = ConfigRead(config_loaded_at, successful=reload_successful)

    @property
    def published_at(self) -> float | None:
        """Unix seconds of the snapshot that is shown; ``None`` before the first."""
        return None if self._snapshot is None else self._snapshot.timestamp

    def taken(self, monitor: str) -> Iterator[Any]:
        """Yield what the monitors of a name had to show in the snapshot that is shown."""
        for pairs, _ in self._snapshot.groups if self._snapshot else ():
            yield from (taken for each, taken in pairs if each.name == monitor)

    @property
    def snapshot(self) -> Snapshot | None:
        """What is shown; ``None`` before the first is published."""
        return self._snapshot

    def courses(self) -> Iterator[Course]:
        """Yield how the figures of windows came to be; a monitor that fails costs its own."""
        yield from self._of_each(Charted, lambda one, taken, end: one.courses(taken, end))

    def shapes(self) -> Iterator[Shape]:
        """Yield how values lie in references and windows; a monitor that fails costs its own."""
        yield from self._of_each(Shaped, lambda one, taken, end: one.shapes(taken, end))

    def _of_each(self, kind: type[Any], ask: Callable[[Any, Any, float], Iterator[Any]]) -> Any:
        now = self._clock()
        for pairs, windows_end in self._snapshot.groups if self._snapshot else ():
            end = now if windows_end is None else windows_end
            for monitor, taken in pairs:
                if isinstance(monitor, kind):
                    yield from self._isolation.iterate(
                        monitor.name, partial(ask, monitor, taken, end)
                    )

    def describe(self) -> Iterable[Metric]:
        """Describe nothing, so that registering does not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield all families, each once, those without series left out."""
        started = self._timer() if self._timer else 0.0
        snapshot = self._snapshot
        if snapshot is None:
            return
        yield from merged(self._all(snapshot))
        if self._timer:
            yield GaugeMetricFamily(
                "modeltail_scrape_duration_seconds",
                "Time that it took to put this scrape together.",
                value=self._timer() - started,
            )

    def _all(self, snapshot: Snapshot) -> Iterator[Metric]:
        now = self._clock()
        for pairs, windows_end in snapshot.groups:
            end = now if windows_end is None else windows_end
            yield from families(pairs, end, self._isolation)
        read = self.config_read
        yield from self_metrics.families(
            snapshot, read.loaded_at, reload_successful=read.successful
        )


def merged(every: Iterable[Metric]) -> list[Metric]:
    """Join families of the same name, as the exposition format demands, sorted by name."""
    by_name: dict[str, Metric] = {}
    for family in every:
        if not family.samples:
            continue
        first = by_name.setdefault(family.name, family)
        if first is not family:
            first.samples.extend(family.samples)
    return [by_name[name] for name in sorted(by_name)]
