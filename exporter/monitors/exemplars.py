"""Which request was it? One of each bucket and of each kind of failure, for a scrape to name.

An exemplar, as OpenMetrics 1.0 has it (https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars):
Prometheus stores it beside the series, and a dashboard leads from the slow bucket to the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from prometheus_client.samples import Exemplar

from exporter.parsing.fields import REQUEST_ID
from exporter.records import Floats, RecordBatch

MOST_CHARACTERS = 128
"""Of the name and the value of an exemplar's labels together; more is refused by the format."""
_LONGEST_ID = MOST_CHARACTERS - len(REQUEST_ID)

Shown = Mapping[int, Exemplar]
NONE: Shown = MappingProxyType({})


class Exemplars:
    """Keeps the latest request of each cell, in event time; never stored.

    Prometheus refuses an exemplar that is older than the last one of its series. An id that is too
    long to be one is passed over.

    Parameters
    ----------
    cells
        How many cells there are.
    wanted
        Whether any is kept at all.
    """

    def __init__(self, cells: int, *, wanted: bool = True) -> None:
        self._cells = cells
        self._wanted = wanted
        self._latest: dict[int, tuple[float, Exemplar]] = {}

    def observe(
        self, batch: RecordBatch, cells: NDArray[np.int64], values: Floats | None = None
    ) -> None:
        """Take in a batch.

        Parameters
        ----------
        cells
            int64[n], the cell of each record, -1 for none.
        values
            float64[n], what was measured of each record; absent: 1, what a failure adds to its
            counter.
        """
        ids = batch.request_id
        if ids is None or not self._wanted:
            return
        rows = np.flatnonzero((cells >= 0) & batch.identified)
        rows = rows[np.argsort(batch.event_time[rows], kind="stable")]
        # Of assignments to the same place the last one stays.
        last = np.full(self._cells, -1, dtype=np.int64)
        last[cells[rows]] = rows
        for cell in np.flatnonzero(last >= 0).tolist():
            row = int(last[cell])
            request = ids[row]
            time = float(batch.event_time[row])
            if request is None or len(request) > _LONGEST_ID:
                continue
            if cell not in self._latest or self._latest[cell][0] <= time:
                value = 1.0 if values is None else float(values[row])
                self._latest[cell] = time, Exemplar({REQUEST_ID: request}, value, time)

    def view(self) -> Shown:
        """Return an immutable copy: the exemplar by cell."""
        return {cell: exemplar for cell, (_, exemplar) in self._latest.items()}
