"""References of tables: training sets, and logs that somebody wrote as a table."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyarrow import parquet

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from exporter.parsing import parquet_tables

CONFIGURATION = """
models:
  - name: bot
    paths: [bot.jsonl]
    drift: {reference: bot.ref}
  - name: other
    paths: [other.jsonl]
  - name: sheet
    paths: [sheet.csv]
    format: csv
    csv: {delimiter: ";"}
"""
ROWS = 300
START = 1_700_000_000


def rows(**columns):
    """Return the columns of a training set."""
    return {
        "age": [20 + n % 50 for n in range(ROWS)],
        "weight": [50 + n / 7 if n % 10 else None for n in range(ROWS)],
        "plan": [("gold", "tin", "tin")[n % 3] for n in range(ROWS)],
        "member": [n % 4 == 0 for n in range(ROWS)],
        "cost": [n % 9 for n in range(ROWS)],
    } | columns


def csv(columns, delimiter=","):
    """Return columns as pandas writes them."""
    lines = [delimiter.join(columns)]
    lines += [
        delimiter.join("" if value is None else str(value) for value in row)
        for row in zip(*columns.values(), strict=True)
    ]
    return "\n".join(lines) + "\n"


def log(columns):
    """Return the prediction log with these features."""
    fields = ("timestamp", "prediction", "true_label", "confidence", "model_version")
    lines = []
    for n in range(ROWS):
        record = {name: values[n] for name, values in columns.items() if name in fields}
        features = {name: values[n] for name, values in columns.items() if name not in fields}
        lines.append(json.dumps(record | {"features": features}))
    return "\n".join(lines)


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Return a function that builds a reference in an empty directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modeltail.yml").write_text(CONFIGURATION)

    def call(*arguments, model="bot", stdin=b"", command=("build", "-o", "bot.ref")):
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO(stdin))
        given = ["--config.file", "modeltail.yml", "--model", model]
        code = execute(["reference", command[0], *given, *command[1:], *arguments], streams)
        return code, streams.out.getvalue(), streams.err.getvalue()

    return call


OUTPUTS = {
    "timestamp": [START + n for n in range(ROWS)],
    "prediction": ["ab"[n % 2] for n in range(ROWS)],
    "true_label": ["ab"[n % 3 == 0] for n in range(ROWS)],
    "confidence": [0.5 + n / 1000 for n in range(ROWS)],
    "model_version": ["7"] * ROWS,
}


def test_a_table_gives_the_reference_of_the_same_log(build, tmp_path):
    """Be it CSV or Parquet; only the names of the files differ."""
    columns = rows(**OUTPUTS)
    (tmp_path / "log.jsonl").write_text(log(columns))
    assert build("log.jsonl")[0] == 0
    expected = read(tmp_path / "bot.ref")
    assert expected.reliability is not None
    (tmp_path / "table.csv").write_text(csv(columns))
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(csv(columns, "\t").encode()))
    times = pa.array([datetime.fromtimestamp(one, UTC) for one in columns["timestamp"]])
    parquet.write_table(pa.table(columns | {"timestamp": times}), tmp_path / "table.parquet")
    for name in ("table.csv", "table.csv.gz", "table.parquet"):
        code, _, err = build(name, command=("build", "-o", f"{name}.ref"))
        assert (code, err) == (0, "")
        made = read(tmp_path / f"{name}.ref")
        assert made.digest == expected.digest
        assert (made.version, made.provenance.first_timestamp) == ("7", START)
        assert made.provenance.files == (name,)


def test_a_training_set_has_features_alone(build, tmp_path):
    """No predictions, no times: both are told, and no order is made up of the rows'."""
    columns = rows(age=sorted(rows()["age"]), target=[1] * ROWS, row=list(range(ROWS)))
    parquet.write_table(pa.table(columns), tmp_path / "train.parquet")
    options = ("--field", "true_label=target", "--without", "row")
    code, out, err = build(*options, "train.parquet")
    assert code == 0
    assert err == (
        "note: the table has no timestamps, hence no order: autocorrelation times are taken to be "
        "1\n"
        "note: the table has no predictions, only features; --field prediction=COLUMN names them\n"
    )
    made = read(tmp_path / "bot.ref")
    assert {column.name: column.kind for column in made.columns} == {
        "age": "numeric",
        "cost": "numeric",
        "member": "categorical",
        "plan": "categorical",
        "weight": "numeric",
    }
    assert {column.tau for column in made.columns} == {1.0}
    assert "reference " in out


def test_a_log_of_json_in_parquet(build, tmp_path):
    """With its features in a column of columns, and predictions that failed left out."""
    inputs = [{"age": n % 30, "nested": {"plan": "gold"}} for n in range(ROWS)]
    columns = {
        **OUTPUTS,
        "features": inputs,
        "error": [None, True] * (ROWS // 2),
        "when": pa.array([n * 1000 for n in range(ROWS)], pa.timestamp("us")),
    }
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    code, _, err = build("log.parquet")
    assert (code, err) == (0, "note: log.parquet: columns left out: when\n")
    made = read(tmp_path / "bot.ref")
    names = [column.name for column in made.columns]
    assert names == ["age", "confidence", "nested.plan", "prediction"]
    assert made.provenance.records == ROWS // 2


def test_a_part_of_a_table(build, tmp_path):
    """By time and by number, as of a log."""
    (tmp_path / "t.csv").write_text(csv(rows(**OUTPUTS)))
    assert build("--since", "2023-11-14T22:15:00Z", "--first", "120", "t.csv")[0] == 0
    made = read(tmp_path / "bot.ref").provenance
    assert (made.records, made.first_timestamp) == (120, START + 100)


def test_drift_can_be_accepted_from_a_table(build, tmp_path):
    """It takes what `build` takes."""
    (tmp_path / "t.csv").write_text(csv(rows(**OUTPUTS)))
    assert build("t.csv")[0] == 0
    older = [age + 30 for age in rows()["age"]]
    parquet.write_table(pa.table(rows(**OUTPUTS, age=older)), tmp_path / "new.parquet")
    code, out, err = build("new.parquet", command=("accept",))
    assert (code, err) == (0, "")
    assert "age: KS distance 0.6" in out


def test_labels_may_be_a_table(build, tmp_path):
    """By request, as in a log of labels."""
    ids = [f"r{n}" for n in range(ROWS)]
    columns = rows(**OUTPUTS, request_id=ids)
    labels = columns.pop("true_label")
    (tmp_path / "t.csv").write_text(csv(columns))
    given = {"request_id": ids, "y": labels, "timestamp": [START + 10**6] * ROWS}
    (tmp_path / "labels.csv").write_text(csv(given))
    code, out, err = build("--labels", "labels.csv", "--field", "true_label=y", "t.csv")
    assert (code, err) == (0, "")
    assert f"{ROWS} of {ROWS} labels logged apart found their prediction" in out


def test_where_the_log_is_csv_a_table_has_to_be_told(build, tmp_path):
    """Nothing else tells a training set from a log; standard input may be one as well."""
    text = csv(rows(), ";")
    (tmp_path / "sheet.csv").write_text(text)
    code, _, err = build("sheet.csv", model="sheet")
    assert code == 2
    assert "no prediction of model 'sheet' found" in err
    assert build("--table", "sheet.csv", model="sheet")[0] == 0
    of_file = read(tmp_path / "bot.ref")
    assert build("--table", "-", model="sheet", stdin=text.encode())[0] == 0
    assert read(tmp_path / "bot.ref").digest == of_file.digest
    assert len(of_file.columns) == 5


def test_bad_rows_are_told(build, tmp_path):
    """With the line of the first one; so are rows that are out of order."""
    lines = csv(rows(**OUTPUTS)).splitlines()
    lines[1], lines[5] = lines[5], lines[1]
    lines.insert(3, "1,2")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    code, _, err = build("t.csv")
    assert code == 0
    assert "1 lines left out: csv_fields, first t.csv:4: expected 10 fields, got 2" in err
    assert "note: the rows of the table are not in order of time" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--field", "true_label=y", "t.csv"),
            "there is no column 'y' in any table; there is age, weight",
        ),
        (
            ("--without", "memver", "t.csv"),
            "there is no column 'memver' in any table; there is mem",
        ),
        (("--without", "id", "log.jsonl"), "there is no column 'id' since no FILE is a table"),
        (("twice.csv",), "twice.csv: two columns are called 'a'"),
        (("bad.parquet",), "bad.parquet: this is no Parquet: "),
        (("x.parquet.gz",), "x.parquet.gz: this is no Parquet: "),
        (("empty.csv",), "empty.csv: no prediction of model 'bot' found"),
    ],
)
def test_mistakes_end_with_2_and_a_message(build, tmp_path, arguments, message):
    """That names the file; no reference is written."""
    (tmp_path / "t.csv").write_text(csv(rows()))
    (tmp_path / "log.jsonl").write_text(log(rows(**OUTPUTS)))
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    (tmp_path / "bad.parquet").write_text("no")
    (tmp_path / "x.parquet.gz").write_text("no")
    (tmp_path / "empty.csv").write_text("")
    code, out, err = build(*arguments)
    assert (code, out) == (2, "")
    assert f"modeltail: {message}" in err
    assert not (tmp_path / "bot.ref").exists()


def test_without_pyarrow_parquet_is_refused(build, tmp_path, monkeypatch):
    """The message says how to get it; CSV needs nothing."""
    monkeypatch.setattr(parquet_tables, "find_spec", lambda name: None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    code, _, err = build("t.parquet")
    assert code == 2
    assert "t.parquet: Parquet needs pyarrow: pip install 'modeltail[parquet]'" in err
    (tmp_path / "t.csv").write_text(csv(rows()))
    assert build("t.csv")[0] == 0


@pytest.mark.parametrize("given", ["prediction", "prediction=", "age=x", "features=x"])
def test_a_field_is_one_of_the_schema(build, capsys, given):
    """Features are named by their columns."""
    with pytest.raises(SystemExit) as ended:
        build("--field", given, "t.csv")
    assert ended.value.code == 2
    assert "is no FIELD=COLUMN, such as prediction=y_hat" in capsys.readouterr().err
