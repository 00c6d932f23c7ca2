from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.intervals import Intervals
from exporter.monitors.regression import Regression
from exporter.monitors.tokens import Tokens
from exporter.monitors.windowed_sums import placed
from tests.monitors.builders import LABELS, WINDOWS, batch, through_storage

RECORD = {"prediction": 2.5, "true_label": 1.5, "tokens_in": 7}


def test_a_copy_does_not_move():
    """What was shown stays what it was."""
    monitor = Tokens(LABELS, WINDOWS)
    monitor.update(batch(RECORD))
    before = monitor.snapshot()
    kept = [before.totals.tolist(), *(ring.values.tolist() for ring in before.rings)]
    monitor.update(batch(RECORD))
    assert [before.totals.tolist(), *(ring.values.tolist() for ring in before.rings)] == kept
    assert monitor.snapshot().totals.tolist() != kept[0]


def test_sums_of_another_kind_are_refused():
    """The monitor then starts afresh."""
    monitor = Intervals(LABELS, WINDOWS)
    with pytest.raises(ValueError, match="broadcast"):
        through_storage(Regression(LABELS, WINDOWS), monitor)


def test_records_keep_their_places():
    """All of a batch share what is there; a part has its own."""
    records = batch(RECORD, {"prediction": 1.5}, RECORD)
    assert placed(records, np.arange(3)) is records.placements
    some = placed(records, np.array([0, 2]))
    assert [len(placement.run) for placement in some] == [2, 2]
