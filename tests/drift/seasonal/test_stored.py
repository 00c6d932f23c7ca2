from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.reference_file import read, write
from exporter.drift.seasonal.reference import SeasonalColumn, SeasonalReference
from exporter.drift.seasonal.season import Season
from exporter.errors import UsageError
from tests.drift.test_reference_file import reference


def seasonal():
    """Return the reference of that module, by the day of the week."""
    plain = reference()
    columns = {}
    for column in plain.columns:
        counts = np.zeros((7, len(column.counts)), dtype=np.int64)
        counts[2] = column.counts
        columns[column.name] = SeasonalColumn(counts, 2.5, 3.0)
    records = np.array([0, 0, 410, 0, 0, 0, 0])
    season = Season("day_of_week", "Europe/Berlin")
    found = SeasonalReference(season, records, np.minimum(records, 24), columns)
    return replace(plain, seasonal=found)


@pytest.fixture
def path(tmp_path):
    """Return the path of a good file."""
    write(seasonal(), tmp_path / "bot.ref")
    return tmp_path / "bot.ref"


def test_seasons_survive_the_file(path):
    """Every count and time."""
    before, after = seasonal().seasonal, read(path).seasonal
    assert after.season == before.season
    assert after.document() == before.document()
    for name, column in before.columns.items():
        assert (after.columns[name].counts == column.counts).all()


def test_seasons_are_part_of_the_digest(path):
    """A reference that compares otherwise has another label; one without seasons the old one."""
    assert seasonal().digest != reference().digest
    assert read(path).digest == seasonal().digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timezone": "Mars/Olympus"}, "seasonal.timezone: 'Mars/Olympus' is not known"),
        ({"cycle": "month"}, "seasonal.cycle: Invalid enum value 'month'"),
        ({"records": [1]}, "seasonal.records: expected 7 of them"),
        ({"columns": {}}, "seasonal.columns: expected those of the reference"),
    ],
)
def test_what_does_not_fit_is_named(path, change, message):
    """Rather than counted somewhere."""
    document = json.loads(path.read_text())
    document["seasonal"] |= change
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("cells", "counts", "message"),
    [
        ([21], [1], r"columns.plan é\n.cells: expected as many counts as cells, .* below 21"),
        ([3, 3], [1, 1], "ascending"),
        ([3], [1, 1], "as many"),
        ([0], [401], "counts: expected no more than the column has"),
    ],
)
def test_counts_that_do_not_fit_their_column_are_named(path, cells, counts, message):
    """Three cells by seven days."""
    document = json.loads(path.read_text())
    document["seasonal"]["columns"]["plan é\n"] |= {"cells": cells, "counts": counts}
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message):
        read(path)
