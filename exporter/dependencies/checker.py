"""Looks at all dependencies now and then, each in a thread of its own, so that nobody waits.

A look that takes longer than its time-out counts as failed at that moment, though nothing can end a
thread that hangs in the kernel, as on a dead network file system: it is left behind, what it finds
in the end is thrown away, and that dependency is not looked at again before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue

from exporter.dependencies.probing import Check, Probe, ProbeError, Reason
from exporter.draining import drained

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

_GRACE = 1.25
"""A probe that keeps its time-out itself, says more about it than the watching thread."""


@dataclass
class Watched:
    """A dependency, and how to look at it.

    Attributes
    ----------
    every, timeout
        Seconds between looks, and the longest one may take.
    """

    name: str
    probe: Probe
    every: float
    timeout: float
    begun: float | None = field(default=None, init=False)
    given_up: bool = field(default=False, init=False)
    failing: bool = field(default=False, init=False)


class Checker:
    """Runs the looks.

    Parameters
    ----------
    watched
        What is looked at.
    clock, monotonic
        Unix seconds, and seconds that go by evenly.
    """

    def __init__(self, watched: Sequence[Watched], clock: Clock, monotonic: Clock) -> None:
        self._watched = tuple(watched)
        self._clock = clock
        self._monotonic = monotonic
        self._results: SimpleQueue[Check] = SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; the first looks are at once."""
        for one in self._watched:
            self._run(f"dependency {one.name}", partial(self._look_again, one))
        if self._watched:
            self._run("dependencies", self._give_up_late_ones)

    def _run(self, name: str, target: Callable[[], None]) -> None:
        # A hanging look must not keep the process from ending.
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """End; looks under way are left behind."""
        self._stopping.set()

    def once(self) -> None:
        """Look at each once, all at a time, and wait until their time-outs."""
        looks = [
            threading.Thread(target=self._look, args=(one,), daemon=True) for one in self._watched
        ]
        for look in looks:
            look.start()
        begun = self._monotonic()
        for one, look in zip(self._watched, looks, strict=True):
            look.join(max(0.0, begun + _GRACE * one.timeout - self._monotonic()))
            if look.is_alive():
                self._give_up(one)

    def results(self) -> list[Check]:
        """Return what was found since the last call; never waits."""
        return drained(self._results)

    def _look_again(self, one: Watched) -> None:
        while not self._stopping.is_set():
            self._look(one)
            self._stopping.wait(one.every)

    def _look(self, one: Watched) -> None:
        with self._lock:
            one.begun, one.given_up = self._monotonic(), False
        check: Check
        message = ""
        try:
            seen = one.probe.look()
            check = Check(one.name, self._clock(), seen)
        except ProbeError as error:
            check, message = Check(one.name, self._clock(), reason=error.reason), str(error)
        except Exception as error:
            # One that no probe foresees must not end the looks.
            logger.exception("dependency %s: the look failed", one.name)
            check, message = Check(one.name, self._clock(), reason="unreadable"), str(error)
        with self._lock:
            one.begun = None
            if not one.given_up:
                self._report(one, check, message)

    def _give_up_late_ones(self) -> None:
        shortest = min(one.timeout for one in self._watched)
        while not self._stopping.wait(shortest / 4):
            for one in self._watched:
                self._give_up(one)

    def _give_up(self, one: Watched) -> None:
        with self._lock:
            late = one.begun is not None and (self._monotonic() - one.begun >= _GRACE * one.timeout)
            if late and not one.given_up:
                one.given_up = True
                reason: Reason = "timeout"
                self._report(
                    one,
                    Check(one.name, self._clock(), reason=reason),
                    f"no end after {one.timeout:g} s",
                )

    def _report(self, one: Watched, check: Check, message: str) -> None:
        if check.reason is None:
            if one.failing:
                logger.info("dependency %s: up again", one.name)
        else:
            # The log has the first of a row of failures; the counter has them all.
            level = logging.DEBUG if one.failing else logging.WARNING
            logger.log(level, "dependency %s: %s (%s)", one.name, message, check.reason)
        one.failing = check.reason is not None
        self._results.put(check)
