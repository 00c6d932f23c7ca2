from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import TableError
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.tables import Layout, TableRows, csv_names, layout
from exporter.parsing.text_lines import TextLines


@pytest.mark.parametrize(
    ("names", "fields", "expected"),
    [
        pytest.param(
            ["age", "cost", "prediction", "model", ""],
            {},
            Layout(
                {"prediction": "prediction"},
                {"age": "age", "cost": "cost", "model": "model"},
                ("",),
            ),
            id="a training set: names of rare fields are features",
        ),
        pytest.param(
            ["age", "paid", "y"],
            {"cost": "paid", "true_label": "y"},
            Layout({"true_label": "y", "cost": "paid"}, {"age": "age"}, ()),
            id="what somebody mapped is a field",
        ),
        pytest.param(
            ["features.age", "cost", "prediction", "note"],
            {},
            Layout(
                {"prediction": "prediction", "cost": "cost"}, {"age": "features.age"}, ("note",)
            ),
            id="a log in the form of a table",
        ),
        pytest.param(
            ["x.age", "x.", "p"],
            {"features": "x", "prediction": "p"},
            Layout({"prediction": "p"}, {"age": "x.age"}, ("x.",)),
            id="features under a name of their own",
        ),
        pytest.param(
            ["age", "cost", "embedding", "prediction"],
            {"features": ""},
            Layout({"prediction": "prediction", "cost": "cost"}, {"age": "age"}, ("embedding",)),
            id="a model that logs its features beside the fields",
        ),
    ],
)
def test_columns_are_fields_or_features(names, fields, expected):
    """As the model's field mapping says."""
    assert layout(names, fields) == expected


def test_columns_can_be_passed_over():
    """Because somebody says so, or because no feature has such values; a field may."""
    found = layout(["row", "prediction", "seen"], {}, ["row"], ["prediction", "seen"])
    assert found == Layout({"prediction": "prediction"}, {}, ("seen",))


def test_two_columns_of_one_name_are_refused():
    """Nobody knows which is meant."""
    with pytest.raises(TableError, match="two columns are called 'a'"):
        layout(["a", "b", "a"], {})


def test_each_row_is_a_prediction():
    """Be there one in it or not; a label is not taken for a prediction."""
    rows = TableRows("auto", layout(["age", "true_label"], {}))
    batch, others = rows.of_values({"age": [1, None], "true_label": ["a", None]}, 2)
    assert (batch.attempt.tolist(), batch.labelled.tolist()) == ([True, True], [False, False])
    assert batch.label.decode() == ["a", None]
    assert (batch.features["age"].raw, others) == ([1, None], 0)


def test_rows_of_other_models_are_left_to_them():
    """Where the table is a log, and names models."""
    rows = TableRows("auto", layout(["model", "features.a"], {}), {"other"})
    batch, others = rows.of_values({"model": ["m", "other"], "features.a": [1, 2]}, 2)
    assert (batch.features["a"].raw, others) == ([1], 1)


def parsed(lines, fields=None, task="auto", *, python_booleans=True):
    """Return the batch of a table in CSV."""
    cutter, names = csv_names(lines[0], None)
    rows = TableRows(task, layout(names, fields or {}), python_booleans=python_booleans)
    return TextLines(cutter, rows).parse(lines, 0.0)


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t", b"|"])
def test_csv_is_read_below_its_header(delimiter):
    """The delimiter is the one that the header has; what can't be cut is told."""
    lines = [
        line.replace(b",", delimiter)
        for line in (b"\xef\xbb\xbfage, zip,prediction", b"4,007,a", b'5,"x",', b"6,7", b"")
    ]
    found = parsed(lines)
    assert (found.parsed, found.rejected, found.skipped) == (
        2,
        Counter(csv_fields=1),
        Counter(header=1, empty=1),
    )
    assert found.examples["csv_fields"][0] == 3
    assert {name: column.raw for name, column in found.batch.features.items()} == {
        "age": [4, 5],
        "zip": ["007", "x"],
    }
    assert found.batch.prediction.decode() == ["a", None]


@pytest.mark.parametrize(
    ("python_booleans", "expected"), [(True, [True, False, "x"]), (False, ["True", "False", "x"])]
)
def test_booleans_of_python(python_booleans, expected):
    """A log of JSON has ``true`` where pandas writes ``True``; a log of texts has what it has."""
    lines = [b"ok,n", b"True,1", b"False,1", b"x,1"]
    batch = parsed(lines, python_booleans=python_booleans).batch
    assert batch.features["ok"].raw == expected


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "the first line, which names the columns, is too long"),
        (b'a,"b', "the first line is no header: a quote is not closed"),
        (b"", "the first line names no column: ''"),
        (b",,", "the first line names no column: ',,'"),
    ],
)
def test_what_is_no_header_is_refused(header, message):
    """No column of the table is known then."""
    with pytest.raises(TableError, match=message):
        csv_names(header, None)


VALUES = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["a", "b c", "007", "1_0"]),
    st.none(),
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1))
def test_a_table_holds_what_a_log_of_json_would(rows):
    """The same numbers, classes and features, be they written as CSV or in JSON."""

    def cell(value):
        return "" if value is None else str(value) if isinstance(value, str) else json.dumps(value)

    csv = [b"x,prediction,confidence", *(f"{cell(x)},{cell(p)},0.5".encode() for x, p in rows)]
    logged = [
        json.dumps({"prediction": p, "confidence": 0.5, "features": {"x": x}}).encode()
        for x, p in rows
    ]
    table = parsed(csv).batch
    log = JsonLines(features=None).parse(logged, 0.0).batch
    assert table.features["x"].raw == log.features["x"].raw
    assert table.prediction.decode() == log.prediction.decode()
    assert table.prediction_value.tobytes() == log.prediction_value.tobytes()
