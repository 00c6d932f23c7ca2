from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.host_rows import HostRows
from exporter.records import Categorical
from exporter.storage.encoding import decode, encode

COLUMNS = {"counts": np.empty((0, 2), dtype=np.int64), "total": np.empty(0)}


def rows(max_hosts=3, budget=None):
    """Return rows of two columns."""
    return HostRows(max_hosts, COLUMNS, ("some_total", 5), budget)


def test_a_row_for_each_host_and_one_for_all_others():
    """Of the shape and type that the columns have."""
    found = rows()
    assert (found["counts"].shape, found["counts"].dtype) == ((4, 2), np.int64)
    assert found["total"].shape == (found.size,) == (4,)
    assert found.hosts.encode(Categorical.encode(["a", "b", "c", "d"])).tolist() == [0, 1, 2, 3]


def test_the_budget_grants_hosts():
    """With as many series as each has."""
    found = rows(budget=SeriesBudget(10))
    assert found.hosts.encode(Categorical.encode(["a", "b", "c"])).tolist() == [0, 1, 3]


def test_dumped_and_loaded():
    """The rows of hosts that were seen; others are empty afterwards."""
    found, other = rows(), rows()
    numbers = found.hosts.encode(Categorical.encode(["a", "b"]))
    found["counts"][numbers] = [[1, 2], [3, 4]]
    found["total"][numbers] = 0.5
    other["total"][:] = 9
    state = decode(encode(found.dump()))
    assert len(state["counts"]) == 2
    other.load(state)
    assert other["counts"].tolist() == found["counts"].tolist()
    assert other["total"].tolist() == [0.5, 0.5, 0, 0]
    assert other.hosts.numbered() == [(0, "a"), (1, "b")]


def test_stored_for_another_number_of_hosts():
    """Does not fit."""
    with pytest.raises(ValueError, match="stored for 2 hosts, not for 3"):
        rows().load(decode(encode(rows(max_hosts=2).dump())))
