from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from exporter.errors import TableError
from exporter.parsing import parquet_tables
from exporter.parsing.parquet_tables import ParquetTable


def written(tmp_path, columns, **options):
    """Return a file with columns."""
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table(columns), path, **options)
    return str(path)


def read(path, names=None, **options):
    """Return the columns of a file."""
    table = ParquetTable(path, **options)
    try:
        batches = list(table.read(names or table.names))
        for values, number in batches:
            assert {len(column) for column in values.values()} <= {number}
        return {
            name: [one for values, _ in batches for one in values[name]]
            for name in names or table.names
        }
    finally:
        table.close()


def test_values_are_those_of_json(tmp_path):
    """Whatever type the file has for them."""
    nan = float("nan")
    columns = {
        "int": pa.array([1, None, 3], pa.int8()),
        "float": pa.array([0.5, nan, None], pa.float32()),
        "decimal": pa.array([Decimal("1.50"), None, Decimal(2)]),
        "bool": [True, False, None],
        "text": ["a", None, "b"],
        "category": pa.array(["x", None, "x"]).dictionary_encode(),
        "large": pa.array(["x", None, "y"], pa.large_string()),
        "none": pa.nulls(3),
    }
    found = read(written(tmp_path, columns))
    assert math.isnan(found["float"].pop(1))
    assert found == {
        "int": [1, None, 3],
        "float": [0.5, None],
        "decimal": [1.5, None, 2.0],
        "bool": [True, False, None],
        "text": ["a", None, "b"],
        "category": ["x", None, "x"],
        "large": ["x", None, "y"],
        "none": [None, None, None],
    }
    assert ParquetTable(str(tmp_path / "t.parquet")).no_scalars == frozenset()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_times_are_unix_seconds(tmp_path, unit, zone):
    """Of every unit; without a zone they are UTC."""
    moment = datetime(2026, 3, 1, 12, 30, 1, tzinfo=UTC)
    column = pa.array([moment, None], pa.timestamp(unit, zone))
    path = written(tmp_path, {"t": column, "day": [date(2026, 3, 1), None]})
    midnight = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    assert read(path) == {"t": [moment.timestamp(), None], "day": [midnight, None]}
    assert ParquetTable(path).no_scalars == {"t", "day"}


def test_columns_within_columns_are_named_by_both(tmp_path):
    """At any depth, but for those that are wanted whole; lists and bytes are no scalars."""
    columns = {
        "features": [{"age": 1, "more": {"plan": "a"}}, None],
        "probabilities": [{"a": 0.5}, {"a": 1.0}],
        "list": [["a"], []],
        "bytes": [b"a", None],
    }
    path = written(tmp_path, columns)
    assert read(path, whole=["probabilities"]) == {
        "features.age": [1, None],
        "features.more.plan": ["a", None],
        "probabilities": [{"a": 0.5}, {"a": 1.0}],
        "list": [["a"], []],
        "bytes": [b"a", None],
    }
    table = ParquetTable(path, whole=["probabilities"])
    assert table.no_scalars == {"probabilities", "list", "bytes"}
    table.close()


def test_long_files_are_read_in_pieces(tmp_path):
    """So that memory is bounded; nothing is lost between them, or between row groups."""
    path = written(tmp_path, {"n": range(40_000)}, row_group_size=30_000)
    table = ParquetTable(path)
    assert max(number for _, number in table.read(["n"])) <= 1 << 14
    assert read(path) == {"n": list(range(40_000))}


def test_the_index_of_pandas_is_no_column(tmp_path):
    """Where it has no name; one that has is for people to leave out."""
    assert read(written(tmp_path, {"a": [1], "__index_level_0__": [5]})) == {"a": [1]}


def test_what_is_no_parquet_is_refused(tmp_path):
    """At once, or where the damage is."""
    path = tmp_path / "t.parquet"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(TableError, match="this is no Parquet: "):
        ParquetTable(str(path))
    written(tmp_path, {"a": range(20_000)}, compression="snappy")
    data = bytearray(path.read_bytes())
    data[20:2000] = bytes(1980)
    path.write_bytes(data)
    with pytest.raises(TableError, match="can't read the Parquet: "):
        list(ParquetTable(str(path)).read(["a"]))


def test_pyarrow_is_an_extra(tmp_path, monkeypatch):
    """The message says how to get it."""
    monkeypatch.setattr(parquet_tables, "find_spec", lambda name: None)
    with pytest.raises(TableError, match=r"pip install 'modeltail\[parquet\]'"):
        ParquetTable(str(tmp_path / "x.parquet"))
