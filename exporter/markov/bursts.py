"""The same line, far more often than it ever came before.

The order of lines says nothing of it: the second of many equal lines is expected after the first
one. Of each line of each host the last :data:`LINES` times are known; they are a burst if they lie
within :data:`SECONDS`, and :data:`TIMES` times as close together as that many of the line ever were
before, on any host of the source. What is logged in bursts by habit is none, and each line makes a
few at most. Bursts of several lines at the same time are one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.groups import Groups

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LINES = 10
SECONDS = 60.0
TIMES = 4.0
SAME_SECONDS = 10.0
"""A burst of a host that begins sooner after the last one is part of it."""
_SHORTEST = 1.0
"""Seconds; the times of most logs are whole ones."""
_STATE_BITS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """Lines with which a burst was seen.

    Attributes
    ----------
    rows
        int[n], of the lines given.
    evidence
        float64[n], ln of how much likelier the times are at their own rate than at the highest one
        so far, both taken as Poisson processes: (k - 1) (ln(D / d) - 1 + d / D) nats, for k lines
        in d seconds and in D before.
    """

    rows: NDArray[np.intp]
    evidence: Floats


class Bursts:
    """The latest times of each line of each host, and how close they ever were.

    Parameters
    ----------
    capacity
        How many lines of hosts are remembered. Beyond it the one that was not seen for longest is
        forgotten.
    """

    def __init__(self, capacity: int = 1 << 13) -> None:
        self._capacity = capacity
        self._times: OrderedDict[int, Floats] = OrderedDict()
        # By state the fewest seconds; by host the end of its last burst.
        self._closest: dict[int, float] = {}
        self._last: dict[int, float] = {}

    def find(self, host: Integers, state: Integers, time: Floats) -> Found:
        """Take in lines, and return those that make a burst.

        Parameters
        ----------
        host, state, time
            [n] each, in the order of the log; Unix seconds.
        """
        close = self._seconds(host << _STATE_BITS | state, time)
        rows, evidence = [], []
        closest = self._closest
        for row in np.flatnonzero(close <= SECONDS).tolist():
            line, seconds = int(state[row]), float(close[row])
            before = closest.get(line, TIMES * SECONDS)
            if seconds >= before:
                continue
            closest[line] = seconds
            if seconds * TIMES > before:
                continue
            one, now = int(host[row]), float(time[row])
            begins = now - self._last.get(one, -np.inf) > SAME_SECONDS
            self._last[one] = now
            if begins:
                rows.append(row)
                ratio = seconds / before
                evidence.append((LINES - 1) * (ratio - 1 - log(ratio)))
        self._forget()
        return Found(np.array(rows, dtype=np.intp), np.array(evidence, dtype=np.float64))

    def merge(self, other: Bursts, states: Integers) -> None:
        """Take over how close lines ever were in another log; their times are of no use here."""
        for state, seconds in other._closest.items():
            line = int(states[state])
            self._closest[line] = min(seconds, self._closest.get(line, np.inf))

    def _seconds(self, key: Integers, time: Floats) -> Floats:
        """Return float64[n], the seconds of the last ones of each line; inf for less than those."""
        close = np.full(len(key), np.inf)
        groups = Groups(key)
        order, times = groups.order, time[groups.order]
        gap = LINES - 1
        for one, begin, end in zip(
            groups.keys.tolist(), groups.first.tolist(), groups.end.tolist(), strict=True
        ):
            before = self._times.pop(one, None)
            history = times[begin:end]
            if before is not None:
                history = np.concatenate([before, history])
            self._times[one] = history[-gap:].copy()
            if len(history) > gap:
                found = np.maximum(np.abs(history[gap:] - history[:-gap]), _SHORTEST)
                close[order[begin:end][-len(found) :]] = found
        return close

    def _forget(self) -> None:
        while len(self._times) > self._capacity:
            self._times.popitem(last=False)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "keys": np.array(list(self._times), dtype=np.int64),
            "sizes": np.array([len(times) for times in self._times.values()], dtype=np.int64),
            "times": np.concatenate([np.empty(0), *self._times.values()]),
            "states": np.array(list(self._closest), dtype=np.int64),
            "closest": np.array(list(self._closest.values()), dtype=np.float64),
            "hosts": np.array(list(self._last), dtype=np.int64),
            "last": np.array(list(self._last.values()), dtype=np.float64),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        ends = np.cumsum(np.asarray(state["sizes"]))
        times = np.split(np.array(state["times"], dtype=np.float64), ends)[: len(ends)]
        self._times = OrderedDict(zip(state["keys"].tolist(), times, strict=True))
        self._closest = dict(zip(state["states"].tolist(), state["closest"].tolist(), strict=True))
        self._last = dict(zip(state["hosts"].tolist(), state["last"].tolist(), strict=True))
