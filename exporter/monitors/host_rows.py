"""Figures with a row for each host that has series."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.labels import LabelValues


class HostRows:
    """Hosts by number, and arrays with a row for each; the last one is that of ``other``.

    Parameters
    ----------
    max_hosts
        How many hosts have series of their own.
    columns
        By name, an array of no rows, that tells shape and dtype of a row.
    grants
        Whose series they are, the first of which is named, and how many a host has.
    budget
        Grants new hosts; unlimited if absent.
    """

    def __init__(
        self,
        max_hosts: int,
        columns: Mapping[str, NDArray[Any]],
        grants: tuple[str, int],
        budget: SeriesBudget | None,
    ) -> None:
        budget = budget or SeriesBudget.unlimited()
        self.hosts = LabelValues(max_hosts, grant=partial(budget.claim, *grants))
        self.size = max_hosts + 1
        self._columns = {
            name: np.zeros((self.size, *column.shape[1:]), dtype=column.dtype)
            for name, column in columns.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column, [size, …], to be written to."""
        return self._columns[name]

    def dump(self) -> dict[str, Any]:
        """Return the rows of the hosts that were seen, for storage."""
        seen = np.array([number for number, _ in self.hosts.numbered()], dtype=np.int64)
        columns = {name: column[seen] for name, column in self._columns.items()}
        return {
            "max_hosts": self.hosts.capacity,
            "hosts": self.hosts.dump(),
            "seen": seen,
            **columns,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the number of admitted hosts has changed.
        """
        if state["max_hosts"] != self.hosts.capacity:
            raise ValueError(
                f"stored for {state['max_hosts']} hosts, not for {self.hosts.capacity}"
            )
        self.hosts.load(**state["hosts"])
        for name, column in self._columns.items():
            column[:] = 0
            column[state["seen"]] = state[name]
