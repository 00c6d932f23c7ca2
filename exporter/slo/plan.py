"""What the rules must know of a configuration: little, since Prometheus reads the rest."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.utils import floatToGoString

from exporter.config import Configuration
from exporter.errors import UsageError
from exporter.slo import burn


@dataclass(frozen=True, slots=True)
class Plan:
    """What rules are written for.

    Attributes
    ----------
    days
        Windows of objectives, in days, ascending.
    limits
        Limits of latency, in seconds, ascending.
    """

    days: tuple[int, ...]
    limits: tuple[float, ...]

    @property
    def base(self) -> int:
        """Return the seconds of the range of rates, from which all else is added up.

        Five minutes, or the shortest window that a level needs.
        """
        return min(5 * burn.MINUTE, burn.scaled(self.days[0])[0].short)

    @property
    def ranges(self) -> tuple[int, ...]:
        """Return the seconds over which error ratios are recorded, ascending."""
        levels = [level for days in self.days for level in burn.scaled(days)]
        return tuple(sorted({level.long for level in levels} | {level.short for level in levels}))


def plan(configuration: Configuration) -> Plan:
    """Return what the rules of a configuration are written for.

    Raises
    ------
    UsageError
        If no model promises anything.
    """
    promised = [model.slo for model in configuration.models]
    days = {int(one.window) // burn.DAY for slo in promised for _, one in slo.objectives()}
    if not days:
        raise UsageError("no model has objectives (`slo`), so there are no rules to write")
    limits = {slo.latency.below_seconds for slo in promised if slo.latency is not None}
    return Plan(tuple(sorted(days)), tuple(sorted(limits)))


def edge(limit: float) -> str:
    """Return a limit as the label `le` has it.

    >>> edge(1), edge(0.5)
    ('1.0', '0.5')
    """
    return str(floatToGoString(limit))  # type: ignore[no-untyped-call]
