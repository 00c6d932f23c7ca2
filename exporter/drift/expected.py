"""What windows are compared with where that is not all of the reference as it is."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.records import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Expected:
    """What windows are compared with.

    Attributes
    ----------
    counts
        float64[windows, cells], of each window: its sum is what the reference is worth to it.
    own
        float64[windows, columns], share of a window's values compared with their own season cell
        rather than with a coarser pool. NaN of no values; ``None`` without seasons.
    taus
        float64[columns], autocorrelation times, if they are not those of the comparisons.
    complete
        Whether it is all that windows are to be compared with; else they are not to be.
    """

    counts: Floats
    own: Floats | None = None
    taus: Floats | None = None
    complete: bool = True
