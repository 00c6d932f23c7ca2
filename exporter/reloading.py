"""Reading the configuration anew while the exporter runs.

It is what a restart does, without the pause: the file is read, all parts are made, and only if
that succeeds the ingest thread commits what it has read, and goes on with the new parts in the
state that was committed. A monitor whose settings are the same finds its state there; one whose
state no longer fits begins anew. Files stay open where a source is to follow the same ones.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from exporter.assembly import Assembled
from exporter.config import Configuration
from exporter.errors import UsageError
from exporter.ingestion import Ingestion
from exporter.pipeline import Pipeline
from exporter.storage.store import Store, UnavailableError
from exporter.tailing.watching import Waker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the exporter goes by.

    Attributes
    ----------
    configuration
        As it was read.
    loaded_at
        Unix seconds at which that was.
    successful
        Whether the last attempt to read it succeeded.
    """

    configuration: Configuration
    loaded_at: float
    successful: bool = True


class Construction(Protocol):
    """Makes the parts that a configuration asks for."""

    def read(self) -> Configuration:
        """Return the configuration as it is in its file; raise UsageError if it can't be used."""

    def assemble(self, configuration: Configuration) -> Assembled:
        """Return sources and monitors; raise UsageError if a file that they need can't be read."""

    def pipeline(
        self, configuration: Configuration, parts: Assembled, store: Store | None
    ) -> Pipeline:
        """Return what joins them, in the state that the store has read."""

    def waker(self, configuration: Configuration) -> Waker:
        """Return what ends the waits of the pipeline."""


class Reloading:
    """Holds what is in force, and changes it.

    Parameters
    ----------
    construction
        Makes the parts.
    in_force
        What the exporter has begun with.
    parts
        The parts that run; their looks at what is beside the logs are begun and ended here.
    store
        Where state is kept; ``None`` to keep nothing.
    clock
        Unix seconds.
    tell
        Called with what is in force whenever that was to change.
    """

    def __init__(
        self,
        construction: Construction,
        in_force: InForce,
        parts: Assembled,
        store: Store | None,
        clock: Callable[[], float],
        tell: Callable[[InForce], None],
    ) -> None:
        self._construction = construction
        self._parts = parts
        self._store = store
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self.in_force = in_force
        """Replaced as a whole, hence to be read from any thread."""

    def start(self) -> None:
        """Begin with the looks at what is beside the logs."""
        for looks in self._parts.looks:
            looks.start()

    def stop(self) -> None:
        """End them."""
        for looks in self._parts.looks:
            looks.stop()

    def reload(self, ingestion: Ingestion) -> None:
        """Read the configuration anew and go by it; from any thread but that of `ingestion`.

        Raises
        ------
        UsageError
            If it can't be used; what was in force stays so.
        """
        with self._lock:
            try:
                configuration = self._construction.read()
                self._refuse_what_needs_a_restart(configuration)
                parts = self._construction.assemble(configuration)
                ingestion.replace(lambda former: self._succeed(former, configuration, parts))
            except UsageError as error:
                self._change(replace(self.in_force, successful=False))
                logger.error("the configuration is not reloaded: %s", error)  # noqa: TRY400
                raise
            self._change(InForce(configuration, self._clock()))
            self.stop()
            self._parts = parts
            self.start()
            # The parts that are gone refer to each other: what they hold would stay for long.
            gc.collect()
            logger.info("the configuration is reloaded")

    def _change(self, in_force: InForce) -> None:
        self.in_force = in_force
        self._tell(in_force)

    def _refuse_what_needs_a_restart(self, configuration: Configuration) -> None:
        former = self.in_force.configuration.storage.path
        if configuration.storage.path != former:
            raise UsageError(
                f"storage.path is {former} until the exporter is restarted, and can't become "
                f"{configuration.storage.path}"
            )

    def _succeed(
        self, former: Pipeline, configuration: Configuration, parts: Assembled
    ) -> tuple[Pipeline, Waker]:
        """Make the pipeline that goes on from one that has finished; in its thread."""
        if self._store is not None:
            if not former.stored:
                raise UsageError(
                    "state can't be stored at the moment, and would be lost; the exporter's log "
                    "says why"
                )
            try:
                self._store.reread()
            except UnavailableError as error:
                raise UsageError(str(error)) from error
        waker = self._construction.waker(configuration)
        pipeline = self._construction.pipeline(configuration, parts, self._store)
        pipeline.take_over(former)
        # Shown at once: whoever asked for it sees what came of it, and no source as it was before
        # its first look.
        pipeline.look()
        pipeline.finish()
        return pipeline, waker
