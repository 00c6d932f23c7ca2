"""Which line of the same host came before, and which before that.

Logs of many hosts interleave at random in one file; order means something only within a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import Lines
from exporter.markov.groups import Groups
from exporter.markov.templates import START

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_Last = tuple[int, int, int, int, int, float]
_NONE: _Last = (START, 0, START, 0, -1, 0.0)


@dataclass(frozen=True, slots=True)
class Linked:
    """What came before each of some lines.

    Attributes
    ----------
    before, skipped
        The line before, and the one before that; :data:`START` where there was none.
    place
        int64[n], the position of the line before, -1 where there was none.
    row
        int[n], which of these lines it is, -1 if it is none of them.
    surprisal
        float64[n], of the line before, where it is none of these lines, nats.
    last
        int[k], the last line of each host.
    """

    before: Lines
    skipped: Lines
    place: Integers
    row: NDArray[np.intp]
    surprisal: Floats
    last: NDArray[np.intp]


class Streams:
    """The last two lines of each host."""

    def __init__(self) -> None:
        self._last: dict[int, _Last] = {}

    def link(self, host: Integers, lines: Lines, position: Integers) -> Linked:
        """Return what came before each line; :meth:`note` has to follow.

        Parameters
        ----------
        host, position
            int64[n], the lines' hosts and where they are in their source.
        """
        groups = Groups(host)
        order, first = groups.order, groups.first
        second = first[groups.sizes > 1] + 1
        known = [self._last.get(one, _NONE) for one in groups.keys.tolist()]
        old = np.array([one[:5] for one in known], dtype=np.int64).reshape(-1, 5).T
        row = np.append(-1, order[:-1])[: len(order)]
        columns = np.stack([lines.state, lines.tag, position])[:, order]
        earlier = np.empty((5, len(order)), dtype=np.int64)
        earlier[[0, 1, 4], 1:] = columns[:, :-1]
        earlier[2:4, 2:] = columns[:2, :-2]
        # The second line of a host comes after its first, and that after what is remembered.
        of_second = np.searchsorted(first, second, side="right") - 1
        earlier[2:4, second] = old[:2, of_second]
        earlier[:, first] = old
        row[first] = -1
        surprisal = np.zeros(len(order))
        surprisal[first] = [one[5] for one in known]
        found = np.empty_like(earlier)
        found[:, order] = earlier
        rows, remembered = np.empty_like(row), np.empty_like(surprisal)
        rows[order], remembered[order] = row, surprisal
        return Linked(
            before=Lines(found[0], found[1]),
            skipped=Lines(found[2], found[3]),
            place=found[4],
            row=rows,
            surprisal=remembered,
            last=groups.last,
        )

    def note(
        self, linked: Linked, host: Integers, lines: Lines, position: Integers, surprisal: Floats
    ) -> Floats:
        """Go on from these lines; return float64[n], the surprisal of the line before each."""
        rows = linked.last
        for one, *last in zip(
            host[rows].tolist(),
            lines.state[rows].tolist(),
            lines.tag[rows].tolist(),
            linked.before.state[rows].tolist(),
            linked.before.tag[rows].tolist(),
            position[rows].tolist(),
            surprisal[rows].tolist(),
            strict=True,
        ):
            self._last[one] = tuple(last)
        return np.where(linked.row < 0, linked.surprisal, surprisal[linked.row])

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "hosts": list(self._last),
            "lines": np.array(list(self._last.values()), dtype=np.float64).reshape(-1, 6),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._last = {
            int(host): (
                int(line[0]),
                int(line[1]),
                int(line[2]),
                int(line[3]),
                int(line[4]),
                line[5],
            )
            for host, line in zip(
                state["hosts"], np.asarray(state["lines"]).reshape(-1, 6).tolist(), strict=True
            )
        }
