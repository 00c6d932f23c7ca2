"""What a monitor may show beside its metrics: how a window came to its figures, and shapes.

A scrape shows a window as one number. Its ring knows more: what each sixtieth of it held, in the
time of the events, so that a chart needs no memory of earlier looks. The status page draws them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats
from exporter.windows import SUBWINDOWS, RingView


@dataclass(frozen=True, eq=False, slots=True)
class Course:
    """A figure over the length of a window.

    Attributes
    ----------
    name
        What it is, for people.
    unit
        ``ratio`` (0 to 1), ``seconds`` or ``per second``.
    labels
        Model and version.
    window
        Its name.
    begin, width
        Unix seconds at which the first value begins, and seconds that each is of.
    values
        float64[SUBWINDOWS], the oldest first; NaN where there is none.
    """

    name: str
    unit: str
    labels: Mapping[str, str]
    window: str
    begin: float
    width: float
    values: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """How the values of a column lie, in the reference and in a window.

    Attributes
    ----------
    labels
        Model and version.
    window, feature
        Names.
    cells
        What each cell is, for people.
    reference, current
        float64[cells], shares that add up to 1; zeros of a window without values.
    """

    labels: Mapping[str, str]
    window: str
    feature: str
    cells: tuple[str, ...]
    reference: Floats
    current: Floats


@runtime_checkable
class Charted(Protocol):
    """A monitor that has courses to show."""

    def courses(self, snapshot: Any, now: float) -> Iterator[Course]:
        """Yield how the figures of a snapshot came to be, windows as seen at Unix time `now`."""


@runtime_checkable
class Shaped(Protocol):
    """A monitor that has shapes to show."""

    def shapes(self, snapshot: Any, now: float) -> Iterator[Shape]:
        """Yield how values lie, windows as seen at Unix time `now`."""


def by_subwindow(view: RingView, now: float) -> NDArray[Any]:
    """Return [SUBWINDOWS, *shape], what each sub-window of the window at `now` holds, in order."""
    newest = math.floor(now / view.window.width)
    wanted = np.arange(newest - SUBWINDOWS + 1, newest + 1)
    slots = wanted % SUBWINDOWS
    values = view.values[slots].copy()
    # An empty sub-window holds what another one left in its slot.
    values[view.epoch[slots] != wanted] = 0
    return values


def course(
    name: str, unit: str, labels: Mapping[str, str], view: RingView, now: float, values: Floats
) -> Course:
    """Return the course of `values`, float64[SUBWINDOWS], of the window at `now`."""
    width = view.window.width
    begin = (math.floor(now / width) - SUBWINDOWS + 1) * width
    return Course(name, unit, labels, view.window.name, begin, width, values)


def shares(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Return float64[n], `part` over `whole`; NaN where that is 0."""
    found: Floats = np.divide(
        part, whole, out=np.full(len(whole), np.nan), where=whole > 0, dtype=np.float64
    )
    return found
