"""A rolling share with the ends of its interval, so that alerts can ask for evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.monitors import wilson


class BoundedRatio:
    """Three gauges: the share, and the lower and the upper end of its 95 percent interval.

    Parameters
    ----------
    name
        Of the share, ``…_ratio`` or the like; the ends are ``…_lower_ratio`` and
        ``…_upper_ratio``.
    meaning
        Of the share.
    labels
        Names of the labels of all three.
    interval
        What the ends are of.
    """

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], interval: str = "Wilson interval"
    ) -> None:
        stem, _, unit = name.rpartition("_")
        self._gauges = (
            GaugeMetricFamily(name, meaning, labels=labels),
            *(
                GaugeMetricFamily(
                    f"{stem}_{end.lower()}_{unit}",
                    f"{end} end of the 95 percent {interval} of {name}.",
                    labels=labels,
                )
                for end in ("Lower", "Upper")
            ),
        )

    def count(self, at: Sequence[str], successes: float, trials: float) -> None:
        """Add the share of successes among trials, of which there are some."""
        self.add(at, successes / trials, *wilson.interval(successes, trials))

    def add(self, at: Sequence[str], ratio: float, lower: float, upper: float) -> None:
        """Add a share and the ends of its interval."""
        for gauge, figure in zip(self._gauges, (ratio, lower, upper), strict=True):
            gauge.add_metric(at, figure)

    def __iter__(self) -> Iterator[Metric]:
        yield from self._gauges
