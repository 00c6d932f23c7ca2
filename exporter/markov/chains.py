"""Which message came before: one chain for each host.

Logs of many hosts interleave at random in one file; order means something only within a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.groups import Groups
from exporter.records import Categorical

NO_STATE = -2
"""Of a host's first message: there is none before it."""

Integers = NDArray[np.int64]


class Chains:
    """The last states of each host.

    Parameters
    ----------
    capacity
        How many hosts are remembered. Beyond it the host that was silent for longest is
        forgotten; its next message starts a chain anew.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        # Dictionaries keep the order of insertion: the first host is the longest silent one.
        self._last: dict[str, tuple[int, int]] = {}
        self.started = 0
        """Chains begun so far."""

    def link(
        self, host: Categorical, message: Integers, tag: Integers
    ) -> tuple[Integers, Integers]:
        """Return the states before each record in its host's chain, and go on from the last.

        Parameters
        ----------
        host
            The column of hosts; records without one form a chain of their own.
        message, tag
            int64[n], the records' states.

        Returns
        -------
        previous_message, previous_tag
            int64[n]; :data:`NO_STATE` at the beginning of a chain.
        """
        groups = Groups(host.codes)
        order, first = groups.order, groups.first
        previous = np.empty((2, len(order)), dtype=np.int64)
        states = np.stack([message[order], tag[order]])
        previous[:, 1:] = states[:, :-1]
        names = ["" if code < 0 else host.values[code] for code in groups.keys.tolist()]
        before = [self._last.pop(name, None) for name in names]
        self.started += before.count(None)
        previous[:, first] = np.array([state or (NO_STATE, NO_STATE) for state in before]).T
        for name, message_state, tag_state in zip(
            names, *states[:, groups.end - 1].tolist(), strict=True
        ):
            self._last[name] = (message_state, tag_state)
        while len(self._last) > self._capacity:
            del self._last[next(iter(self._last))]
        unsorted = np.empty_like(previous)
        unsorted[:, order] = previous
        return unsorted[0], unsorted[1]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "hosts": list(self._last),
            "states": [list(state) for state in self._last.values()],
            "started": self.started,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._last = {
            host: (int(message), int(tag))
            for host, (message, tag) in zip(state["hosts"], state["states"], strict=True)
        }
        self.started = int(state["started"])
