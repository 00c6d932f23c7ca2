"""Which line of the same process came before: chains with a beginning and an end.

What one process says comes in an order that other processes in between can't disturb, so that a
line that is missing shows there. A process begins with its first line, and has ended once it was
silent while its source logged :data:`SILENT_LINES` others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import Lines
from exporter.markov.groups import Groups
from exporter.markov.templates import START

Integers = NDArray[np.int64]

SILENT_LINES = 2000
_PROCESS_BITS = 34
_HOST_BIT = 50


def process_names(host: Integers, tag: Integers, process: Integers) -> Integers:
    """Return int64[n], one number for each process of each program of each host.

    Parameters
    ----------
    host, tag, process
        int64[n], below 2^13, 2^16 and 2^34.
    """
    return (host << _HOST_BIT) | (tag << _PROCESS_BITS) | process


@dataclass(frozen=True, slots=True)
class Ended:
    """Processes that have ended, int64[n] each.

    Attributes
    ----------
    state, tag, position, host, time
        Of their last lines; the times are float64.
    """

    state: Integers
    tag: Integers
    position: Integers
    host: Integers
    time: NDArray[np.float64]


class Processes:
    """The last line of each process that lives.

    Parameters
    ----------
    capacity
        How many processes are remembered. Beyond it the one that was silent for longest is taken
        to have ended.
    """

    def __init__(self, capacity: int = 1 << 16) -> None:
        self._capacity = capacity
        # From the longest silent one to the last one heard of: state, tag, position, host, time.
        self._live: OrderedDict[int, tuple[int, int, int, int, float]] = OrderedDict()

    def link(
        self,
        name: Integers,
        lines: Lines,
        position: Integers,
        host: Integers,
        time: NDArray[np.float64],
    ) -> tuple[Integers, Integers]:
        """Return the state before each line in its process, and go on from the last.

        Parameters
        ----------
        name
            int64[n], of the process; see :func:`process_names`.
        lines, position, host, time
            [n] each, the lines, where they are in their source, ascending, and whose and when.

        Returns
        -------
        before, place
            int64[n], the line before and its position; :data:`exporter.markov.templates.START` and
            -1 at the beginning of a process.
        """
        state = lines.state
        groups = Groups(name)
        order, first = groups.order, groups.first
        before, place = np.empty_like(state), np.empty_like(position)
        ordered, places = state[order], position[order]
        earlier, where = np.empty_like(state), np.empty_like(position)
        earlier[1:], where[1:] = ordered[:-1], places[:-1]
        live = self._live
        known = [live.pop(one, (START, 0, -1, 0, 0.0)) for one in groups.keys.tolist()]
        earlier[first] = [one[0] for one in known]
        where[first] = [one[2] for one in known]
        before[order], place[order] = earlier, where
        # Where the last lines lie, so that the order of processes is that of their last lines.
        ends = np.sort(groups.last)
        for one, *line in zip(
            name[ends].tolist(),
            state[ends].tolist(),
            lines.tag[ends].tolist(),
            position[ends].tolist(),
            host[ends].tolist(),
            time[ends].tolist(),
            strict=True,
        ):
            live[one] = tuple(line)
        return before, place

    def end(self, position: int) -> Ended:
        """Return and forget the processes that were silent for long before `position`."""
        gone = []
        live = self._live
        while live:
            line = next(iter(live.values()))
            if position - line[2] < SILENT_LINES and len(live) <= self._capacity:
                break
            live.popitem(last=False)
            gone.append(line)
        table = np.array(gone, dtype=np.float64).reshape(-1, 5)
        state, tag, place, host = table[:, :4].astype(np.int64).T
        return Ended(state, tag, place, host, table[:, 4])

    def __len__(self) -> int:
        return len(self._live)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "names": list(self._live),
            "lines": np.array(list(self._live.values()), dtype=np.float64).reshape(-1, 5),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        lines = np.asarray(state["lines"]).reshape(-1, 5).tolist()
        self._live = OrderedDict(
            (int(name), (int(line[0]), int(line[1]), int(line[2]), int(line[3]), line[4]))
            for name, line in zip(state["names"], lines, strict=True)
        )
