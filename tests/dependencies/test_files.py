from __future__ import annotations

import os

import pyarrow as pa
import pytest
from pyarrow import parquet

from exporter.dependencies.directories import DirectoryProbe
from exporter.dependencies.files import FileProbe
from exporter.dependencies.probing import ProbeError


def write(path, text, mtime):
    """Write a file of a given time."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (mtime, mtime))


def reason(probe):
    """Return why a look fails."""
    with pytest.raises(ProbeError) as raised:
        probe.look()
    return raised.value.reason


def test_a_file(tmp_path):
    """Its time, size and schema; the schema is another one when a column is."""
    path = tmp_path / "prices.csv"
    write(path, "day,price\n1,2\n", 1000)
    probe = FileProbe(str(path), "csv")
    first = probe.look()
    assert (first.changed, first.size) == (1000.0, 14)
    write(path, "day,price\n1,2\n2,3\n", 2000)
    assert probe.look().schema == first.schema
    write(path, "day,cost\n1,2\n2,3\n", 3000)
    assert probe.look().schema != first.schema


def test_a_file_that_did_not_change_is_not_read_again(tmp_path, monkeypatch):
    """A large one would be read every minute."""
    path = tmp_path / "prices.csv"
    write(path, "day,price\n", 1000)
    probe = FileProbe(str(path), "csv")
    first = probe.look()
    monkeypatch.setattr("exporter.dependencies.schemas.of_file", None)
    assert probe.look() == first


def test_what_is_no_usable_file(tmp_path):
    """Absent, a directory, a FIFO (which nobody waits for), and not of its format."""
    assert reason(FileProbe(str(tmp_path / "none.csv"), "csv")) == "not_found"
    assert reason(FileProbe(str(tmp_path), None)) == "unreadable"
    os.mkfifo(tmp_path / "fifo")
    assert reason(FileProbe(str(tmp_path / "fifo"), "csv")) == "unreadable"
    write(tmp_path / "x.json", "no json", 1)
    assert reason(FileProbe(str(tmp_path / "x.json"), "json")) == "schema"
    write(tmp_path / "empty.csv", "", 1)
    assert reason(FileProbe(str(tmp_path / "empty.csv"), "csv")) == "schema"


def test_a_directory(tmp_path):
    """The newest file tells time and schema, all together the size; hidden ones do not count."""
    write(tmp_path / "1.csv", "a,b\n", 1000)
    write(tmp_path / "2.csv", "a,b,c\n", 3000)
    write(tmp_path / "3.csv", "a,b\n", 2000)
    write(tmp_path / ".4.csv.part", "a", 9000)
    (tmp_path / "archive").mkdir()
    probe = DirectoryProbe(str(tmp_path), None)
    seen = probe.look()
    assert (seen.changed, seen.size) == (3000.0, 14)
    assert seen.schema == FileProbe(str(tmp_path / "2.csv"), "csv").look().schema
    write(tmp_path / "5.csv", "a,b\n", 4000)
    assert probe.look().schema == FileProbe(str(tmp_path / "1.csv"), "csv").look().schema


def test_a_directory_that_is_empty_or_none(tmp_path):
    """Empty it is there, and nothing was delivered."""
    seen = DirectoryProbe(str(tmp_path), None).look()
    assert (seen.changed, seen.size, seen.schema) == (None, 0, None)
    assert reason(DirectoryProbe(str(tmp_path / "none"), None)) == "not_found"
    write(tmp_path / "file", "", 1)
    assert reason(DirectoryProbe(str(tmp_path / "file"), None)) == "unreadable"


def test_parquet(tmp_path):
    """Name and type of each column; more rows change nothing, and what is no Parquet is told."""
    path = tmp_path / "day.parquet"

    def schema(**columns):
        parquet.write_table(pa.table(columns), path)
        return FileProbe(str(path), "parquet").look().schema

    first = schema(a=[1, 2], b=["x", "y"])
    assert schema(a=[1, 2, 3], b=["x", "y", "z"]) == first
    assert schema(a=[1.5], b=["x"]) != first
    assert schema(b=["x"], a=[1]) != first
    path.write_bytes(b"PAR1 and nothing else")
    assert reason(FileProbe(str(path), "parquet")) == "schema"
