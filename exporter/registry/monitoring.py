"""From the configuration to what looks at the registry, and from what it finds to the monitor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from exporter.config.registry import RegistrySettings
from exporter.monitors.registry import InLogs
from exporter.registry.file_reader import FileReader
from exporter.registry.looker import Look, Looker

Versions = Callable[[], frozenset[str]]


def looker(settings: RegistrySettings | None, clock: Callable[[], float]) -> Looker:
    """Return what looks at the registry; it does nothing if there is none."""
    if settings is None:
        return Looker(None, 0.0, clock)
    return Looker(FileReader(settings.file), settings.check_every, clock)


class Findings:
    """What the monitor is told: looks, and which versions the logs name.

    Parameters
    ----------
    looks
        Looks at the registry.
    versions
        Returns the versions that the logs of each model name.
    """

    def __init__(self, looks: Looker, versions: Mapping[str, Versions]) -> None:
        self._looks = looks
        self._versions = versions
        self._told: InLogs | None = None

    def results(self) -> Sequence[Look | InLogs]:
        """Return what is new since the last call; never waits."""
        found: list[Look | InLogs] = list(self._looks.results())
        logged = InLogs({name: versions() for name, versions in self._versions.items()})
        if logged != self._told:
            self._told = logged
            found.append(logged)
        return found
