"""The expected error through the reference file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.reference import Provenance, Reference
from exporter.drift.reference_file import read, write
from exporter.errors import UsageError
from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.regression_tree import Tree

VALUES = np.arange(400.0)
COLUMNS = (
    NumericColumn(
        "age", 400, 0, VALUES[[100, 200]], np.array([101, 100, 199]),
        Moments(199.5, 115.6, 0.0, 399.0), VALUES,
    ),
    CategoricalColumn("plan", 400, 0, ("gold", "€"), np.array([300, 100, 0])),
)  # fmt: skip
LEAF = Tree((None,), np.array([0.7]), np.array([0.1]), np.array([1000.0]))
TREE = Tree(
    ((0, 7.1), None, (1, -1.7976931348623157e308), None, None),
    np.array([0.1, 0.2, 0.3]),
    np.array([0.0, 1.5, 1e100]),
    np.array([60.0, 70.0, 870.0]),
)
EXPECTED = ExpectedError(
    1000, 0.65, (Input("age", None, 3.5), Input("plan", ("€", "gold"), None)), (LEAF, TREE)
)
REFERENCE = Reference(
    "bot", "1", Provenance(("a.jsonl",), 400, None, None), COLUMNS, expected_error=EXPECTED
)


@pytest.fixture
def stored(tmp_path):
    """Return the path of a good file."""
    path = tmp_path / "bot.ref"
    write(REFERENCE, path)
    return path


def test_it_survives_the_file(stored, tmp_path):
    """Bit by bit; writing it again gives equal bytes."""
    found = read(stored)
    assert found.expected_error.document() == EXPECTED.document()
    write(found, tmp_path / "again.ref")
    assert (tmp_path / "again.ref").read_bytes() == stored.read_bytes()


def test_it_is_part_of_the_digest():
    """References with equal columns are not equal if they expect other errors."""
    without = replace(REFERENCE, expected_error=None)
    other = replace(REFERENCE, expected_error=replace(EXPECTED, trees=(LEAF, LEAF)))
    assert len({REFERENCE.digest, without.digest, other.digest}) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["trees"][0]["mean"].__setitem__(0, 0.71), "digest: does not fit the content"),
        (lambda d: d["inputs"][0].update(missing=3.6), "digest: does not fit the content"),
        (
            lambda d: d["trees"][0]["mean"].__setitem__(0, -1),
            r"expected_error.trees\[0\].mean\[0\]: Expected `float` >= 0.0",
        ),
        (
            lambda d: d["trees"][0]["weight"].__setitem__(0, 0),
            r"expected_error.trees\[0\].weight\[0\]: Expected `float` > 0.0",
        ),
        (
            lambda d: d["trees"].pop(),
            "expected_error.trees: Expected `array` of length >= 2",
        ),
        (lambda d: d.update(more=1), "expected_error: Object contains unknown field `more`"),
        (
            lambda d: d["inputs"][0].update(name="weight"),
            "expected_error.inputs: expected different columns of the reference",
        ),
        (
            lambda d: d["inputs"][0].update(name="plan"),
            "expected_error.inputs: expected different columns of the reference",
        ),
        (
            lambda d: d["inputs"][0].update(categories=["a"]),
            r"expected_error.inputs\[0\].categories: expected different categories if",
        ),
        (
            lambda d: d["inputs"][1].update(categories=["a", "a"]),
            r"expected_error.inputs\[1\].categories: expected different categories if",
        ),
        (
            lambda d: d["trees"][1]["nodes"][0].__setitem__(0, 2),
            r"expected_error.trees\[1\].nodes: expected positions of inputs",
        ),
        (
            lambda d: d["trees"][1]["mean"].pop(),
            r"expected_error.trees\[1\]: expected mean, variance and weight of each leaf",
        ),
        (
            lambda d: d["trees"][1]["nodes"].reverse(),
            "expected_error.trees: there are nodes below a leaf",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_by_field(stored, change, message):
    """An edited or damaged section is not accepted."""
    document = json.loads(stored.read_text())
    change(document["expected_error"])
    stored.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message) as refused:
        read(stored)
    assert str(refused.value).startswith(f"{stored}: ")
