"""Reads the registry now and then, in a thread of its own, so that ingestion never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import SimpleQueue

from exporter.draining import drained
from exporter.errors import UsageError
from exporter.registry.lineage import Standing

logger = logging.getLogger(__name__)

Models = Mapping[str, tuple[Standing, ...]]
"""The versions of each model, the newest first."""

ONCE_SECONDS = 10.0
"""How long to wait for a single look."""


@dataclass(frozen=True, slots=True)
class Look:
    """The result of one look.

    Attributes
    ----------
    time
        Unix seconds at which it was over.
    models
        What was found; ``None`` if it failed.
    """

    time: float
    models: Models | None


class Looker:
    """Looks, and keeps what it finds until somebody asks.

    Parameters
    ----------
    read
        Returns the versions of all models, or raises UsageError; ``None`` if there is no registry.
    every
        Seconds between looks.
    clock
        Unix seconds.
    """

    def __init__(
        self, read: Callable[[], Models] | None, every: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._every = every
        self._clock = clock
        self._found: SimpleQueue[Look] = SimpleQueue()
        self._stopping = threading.Event()
        self._failing = False

    def start(self) -> None:
        """Begin; the first look is at once."""
        if self._read is not None:
            # A look that hangs, as on a dead network file system, must not keep the process alive.
            threading.Thread(target=self._look_again, name="registry", daemon=True).start()

    def stop(self) -> None:
        """End; a look under way is left behind."""
        self._stopping.set()

    def once(self) -> None:
        """Look, and wait until it is over or takes too long."""
        if self._read is not None:
            look = threading.Thread(target=self._look, name="registry", daemon=True)
            look.start()
            look.join(ONCE_SECONDS)

    def results(self) -> list[Look]:
        """Return what was found since the last call; never waits."""
        return drained(self._found)

    def _look_again(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self._every)

    def _look(self) -> None:
        if self._read is None:
            return
        try:
            self._found.put(Look(self._clock(), self._read()))
            if self._failing:
                logger.info("registry: it can be read again")
            self._failing = False
        except UsageError as error:
            self._failed(str(error))
        except Exception as error:
            # What nobody foresees must not end the looks.
            logger.exception("registry: the look failed")
            self._failed(str(error))

    def _failed(self, message: str) -> None:
        # The log has the first of a row of failures.
        logger.log(logging.DEBUG if self._failing else logging.WARNING, "registry: %s", message)
        self._failing = True
        self._found.put(Look(self._clock(), None))
