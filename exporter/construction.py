"""The running parts that a configuration file asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

import psutil

from exporter import config
from exporter.assembly import Assembled, assemble
from exporter.config import Configuration
from exporter.monitors.isolation import Isolation
from exporter.pipeline import Pipeline, Snapshot
from exporter.storage.store import Store
from exporter.storage.worker import InBackground
from exporter.tailing import watching
from exporter.tailing.watching import Waker


class FromFile:
    """Makes them anew as often as the file is read.

    Parameters
    ----------
    file
        The configuration.
    storage_path
        Takes the place of the one in the file.
    without
        Names of monitors to leave out.
    isolation
        Runs the monitors.
    publish
        Takes a snapshot.
    """

    def __init__(
        self,
        file: Path,
        storage_path: Path | None,
        without: Collection[str],
        isolation: Isolation,
        publish: Callable[[Snapshot], None],
    ) -> None:
        self._file = file
        self._storage_path = storage_path
        self._without = without
        self._isolation = isolation
        self._publish = publish

    def read(self) -> Configuration:
        """Return the configuration as it is in the file now.

        Raises
        ------
        UsageError
            If it can't be used.
        """
        configuration = config.load(self._file)
        if self._storage_path is None:
            return configuration
        storage = config.Storage(path=self._storage_path)
        return configuration.model_copy(update={"storage": storage})

    def assemble(self, configuration: Configuration) -> Assembled:
        """Return sources and monitors.

        Raises
        ------
        UsageError
            If a file that they need can't be read.
        """
        return assemble(
            configuration, replay=False, without=self._without, isolation=self._isolation
        )

    def pipeline(
        self, configuration: Configuration, parts: Assembled, store: Store | None
    ) -> Pipeline:
        """Return what joins them, in the state that the store has read."""
        return Pipeline(
            parts.sources,
            parts.groups,
            parts.isolation,
            parts.budget,
            store,
            self._publish,
            time.time,
            memory_limit=configuration.limits.memory,
            resident_bytes=lambda: int(psutil.Process().memory_info().rss),
            publish_interval=configuration.publish_interval,
            worker=InBackground("commit"),
            monotonic=time.monotonic,
        )

    def waker(self, configuration: Configuration) -> Waker:
        """Return what ends the waits of the pipeline."""
        gather = watching.GATHER_SHARE * configuration.publish_interval
        return watching.make(configuration.watch, gather)
