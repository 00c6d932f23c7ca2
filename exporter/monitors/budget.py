"""How many series there may be in all, however many label values the logs invent."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Protocol


class Budget(Protocol):
    """Grants new series."""

    def claim(self, metric: str, series: int) -> bool:
        """Take `series`; ``False``, and counted, if they are not there."""


class SeriesBudget:
    """Grants new series until a limit is reached; refused values count as ``other``.

    Parameters
    ----------
    limit
        Series in all.

    Attributes
    ----------
    refused
        Refusals by metric, for `modeltail_series_refused_total`. Refused values are not
        remembered: each counts once for every batch that carries it.
    closed
        Set while nothing may be granted for another reason (memory).
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.closed = False
        self.refused: Counter[str] = Counter()

    @classmethod
    def unlimited(cls) -> SeriesBudget:
        """Return a budget that grants everything until it is closed."""
        return cls(sys.maxsize)

    def claim(self, metric: str, series: int) -> bool:
        """Take `series` from the budget; ``False``, and counted, if they are not there."""
        if self.closed or self.used + series > self.limit:
            self.refused[metric] += 1
            return False
        self.used += series
        return True

    def release(self, series: int) -> None:
        """Give back what expired."""
        self.used -= series


class BudgetShare:
    """What one part with a limited life takes from the budget, to be given back with it.

    Parameters
    ----------
    budget
        Where it is taken from.
    """

    def __init__(self, budget: SeriesBudget) -> None:
        self._budget = budget
        self._used = 0

    def claim(self, metric: str, series: int) -> bool:
        """Take `series` from the budget; ``False``, and counted, if they are not there."""
        granted = self._budget.claim(metric, series)
        self._used += series * granted
        return granted

    def release(self) -> None:
        """Give back all that was taken."""
        self._budget.release(self._used)
        self._used = 0
