"""A log that a model makes up: a random walk over its transition matrix.

So Haque, DeLucia and Baseman (HUST 2017) verify a model: the walk, drawn as states over time, is to
look like the log. A state that only itself follows is never left (the paper's P_ii = 1, which a
message has that was only seen last), unless the walk may begin anew there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from exporter.markov.transitions import TransitionMatrix

Integers = NDArray[np.int64]

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def walk(
    matrix: TransitionMatrix,
    length: int,
    generator: np.random.Generator,
    *,
    restart: bool = False,
    first: int | None = None,
) -> Integers:
    """Return int64[length], states each of which follows the one before.

    Parameters
    ----------
    restart
        Whether to begin anew after a state that only itself follows.
    first
        Where to begin; by default any state, as often as it is followed by another in the log.
    """
    # All transitions in a row, each as long as it is frequent: a state owns one stretch of it.
    ends = np.cumsum(matrix.counts)
    stretch_end = np.cumsum(matrix.row_totals)
    stretch = (stretch_end - matrix.row_totals).tolist()
    totals, bounds = matrix.row_totals.tolist(), ends.tolist()
    following = (matrix.pairs & ((1 << 31) - 1)).tolist()
    every = matrix.total
    stays = matrix.probability(np.arange(matrix.states), np.arange(matrix.states)) == 1
    closed = stays.tolist()
    owners = stretch_end.tolist()
    draws = generator.random(length).tolist()
    states = np.empty(length, dtype=np.int64)
    state = -1 if first is None else first
    for place, draw in enumerate(draws):
        if place or first is None:
            if state < 0 or (restart and closed[state]):
                state = bisect_right(owners, int(draw * every)) if every else 0
            elif totals[state]:
                state = following[bisect_right(bounds, stretch[state] + int(draw * totals[state]))]
        states[place] = state
    return states


def lines(
    texts: Iterable[str], host: str, start: datetime, step: timedelta = timedelta(seconds=1)
) -> Iterator[str]:
    """Yield RFC 3164 lines, the first at `start`; the time is only an order, as in the paper."""
    time = start
    for text in texts:
        month = _MONTHS[time.month - 1]
        yield f"{month} {time.day:2d} {time:%H:%M:%S} {host} {text}"
        time += step
