from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.reference import Provenance, Reference
from exporter.drift.reference_file import read, write
from exporter.errors import UsageError
from exporter.estimation.curve import CELLS
from exporter.estimation.reliability import Reliability, Spread


def reference(version="1", files=("a.jsonl",)):
    """Return a reference with a column of each kind, an empty one among them."""
    values = np.sort(np.random.default_rng(0).normal(size=400))
    edges = quantile_edges(values)
    nothing = Moments(None, None, None, None)
    return Reference(
        model="bot",
        version=version,
        provenance=Provenance(files, 410, 1.5, None),
        columns=(
            NumericColumn(
                "age", 410, 10, edges, count(values, edges), Moments(0.1, 1.0, -3.0, 3.0), values
            ),
            NumericColumn("empty", 410, 410, np.empty(0), np.array([0]), nothing, np.empty(0)),
            CategoricalColumn("plan é\n", 410, 5, ("gold", "€"), np.array([400, 4, 1])),
        ),
    )


@pytest.fixture
def stored(tmp_path):
    """Return the path of a good file."""
    path = tmp_path / "bot.ref"
    write(reference(), path)
    return path


def test_a_reference_survives_the_file(stored):
    """Everything comes back bit by bit, names and categories in any script."""
    before, after = reference(), read(stored)
    assert after.digest == before.digest
    assert (after.model, after.version) == ("bot", "1")
    assert after.provenance == before.provenance
    for old, new in zip(before.columns, after.columns, strict=True):
        assert new.document() == old.document()
        assert type(new) is type(old)


def test_the_autocorrelation_time_of_the_mean_is_kept_where_it_is_longer(tmp_path):
    """Otherwise it is no part of the file: nor is it of files that were written before."""
    first, *others = reference().columns
    for tau_mean, kept in ((5.5, 5.5), (3.0, 1.0)):
        column = replace(first, tau=4.0, tau_mean=tau_mean)
        path = tmp_path / "other.ref"
        write(replace(reference(), columns=(column, *others)), path)
        assert ("tau_mean" in path.read_text()) == (kept > 4)
        assert read(path).columns[0].tau_mean == kept
        assert read(path).columns[0].unordered().tau_mean == 1.0


def test_equal_references_give_equal_bytes(stored, tmp_path):
    """A file in version control changes only when its content does."""
    other = tmp_path / "again.ref"
    write(read(stored), other)
    assert other.read_bytes() == stored.read_bytes()


def test_the_digest_is_that_of_the_columns_alone():
    """Version label and file names may change without a new `reference` label."""
    assert reference().digest == reference("2", ("b", "c")).digest
    assert reference().label == reference().digest[:8]
    assert len(reference().digest) == 64


def test_the_digest_can_be_computed_without_this_program(stored):
    """It is SHA-256 of the columns as JSON, keys sorted, no white space."""
    document = json.loads(stored.read_text())
    canonical = json.dumps(document["columns"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == document["digest"]


def test_the_parser_is_asked_for_logged_features_only():
    """Outputs come from the record itself; a feature of that name carries a prefix."""
    nothing = Moments(None, None, None, None)
    columns = tuple(
        NumericColumn(name, 0, 0, np.empty(0), np.array([0]), nothing, np.empty(0))
        for name in ("confidence", "features.prediction", "x")
    )
    made = Reference("bot", "", Provenance((), 0, None, None), columns)
    assert made.features == ("prediction", "x")


def test_writing_replaces_a_file_and_leaves_nothing_else(stored):
    """The old file stays whole until the new one is complete."""
    write(reference("2"), stored)
    assert read(stored).version == "2"
    assert [path.name for path in stored.parent.iterdir()] == ["bot.ref"]


def test_a_file_that_cannot_be_written_is_a_usage_error(tmp_path):
    """The message names the file and the cause."""
    with pytest.raises(UsageError, match=r"no/bot\.ref: can't be written: No such file"):
        write(reference(), tmp_path / "no" / "bot.ref")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "format: expected 'modeltail-reference', got 'other'"),
        (lambda d: d.update(format_version=3), "format_version: this program reads 2"),
        (lambda d: d.pop("model"), "the file: Object missing required field `model`"),
        (lambda d: d.update(more=1), "the file: Object contains unknown field `more`"),
        (
            lambda d: d["columns"][0].update(rows="many"),
            r"columns\[0\].rows: Expected `int`, got `str`",
        ),
        (lambda d: d["columns"][0].update(kind="odd"), r"columns\[0\].kind: Invalid value 'odd'"),
        (
            lambda d: d["columns"][0]["counts"].__setitem__(0, -1),
            r"columns\[0\].counts\[\d*...?: Expected `int` >= 0",
        ),
        (
            lambda d: d["columns"][0]["counts"].pop(),
            r"columns\[0\].counts: expected one more entry than edges \(column 'age'\)",
        ),
        (
            lambda d: d["columns"][0]["edges"].reverse(),
            r"columns\[0\].edges: expected ascending numbers",
        ),
        (
            lambda d: d["columns"][0]["sample"].reverse(),
            r"columns\[0\].sample: expected sorted numbers",
        ),
        (lambda d: d["columns"][0].update(missing=411), r"columns\[0\].missing: expected at most"),
        (lambda d: d["columns"][0].update(missing=11), r"columns\[0\].counts: expected at most"),
        (
            lambda d: d["columns"][2].update(categories=["a", "a"]),
            r"columns\[2\].categories: expected different categories",
        ),
        (
            lambda d: d["columns"][2]["counts"].append(0),
            r"columns\[2\].counts: expected one more entry than categories",
        ),
        (lambda d: d["columns"].reverse(), "columns: expected different names in ascending order"),
        (lambda d: d["columns"][0].update(mean=0.2), "digest: does not fit the content"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_by_field(stored, change, message):
    """The message names file and field, and what was expected there."""
    document = json.loads(stored.read_text())
    change(document)
    stored.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message) as refused:
        read(stored)
    assert str(refused.value).startswith(f"{stored}: ")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b'{"format": 1}', b"null"])
def test_what_is_no_reference_file_is_refused(tmp_path, content):
    """Empty, cut short, binary, or other JSON."""
    path = tmp_path / "x.ref"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.ref: "):
        read(path)


def test_every_cut_of_a_file_is_refused(stored):
    """A file that was not written to its end can't pass for a smaller reference."""
    content = stored.read_bytes()
    for length in range(0, len(content) - 1, math.ceil(len(content) / 50)):
        stored.write_bytes(content[:length])
        with pytest.raises(UsageError):
            read(stored)


def test_a_missing_file_is_explained(tmp_path):
    """The message says how to get one."""
    with pytest.raises(
        UsageError, match=r"can't read the reference: No such file.*reference build"
    ):
        read(tmp_path / "no.ref")


def reliable():
    """Return a reference with labelled predictions of two classes."""
    predictions = np.zeros((2, CELLS), dtype=np.int64)
    predictions[0, 20], predictions[1, 180] = 300, 200
    spreads = {"accuracy": Spread(0.0, 0.017), "f1": Spread(0.001, 0.02)}
    reliability = Reliability(predictions, predictions * 9 // 10, ("no", "yes"), spreads)
    return replace(reference(), reliability=reliability)


def test_reliability_survives_the_file_and_is_part_of_the_digest(tmp_path):
    """Without labelled predictions the digest is that of the columns alone."""
    path = tmp_path / "bot.ref"
    write(reliable(), path)
    after = read(path)
    assert after.reliability.document() == reliable().reliability.document()
    assert after.reliability.spreads == reliable().reliability.spreads
    assert after.digest == reliable().digest != reference().digest
    document = json.loads(path.read_text())
    columns, reliability = (
        json.dumps(document[part], sort_keys=True, separators=(",", ":"))
        for part in ("columns", "reliability")
    )
    followed = columns + hashlib.sha256(reliability.encode()).hexdigest()
    assert hashlib.sha256(followed.encode()).hexdigest() == document["digest"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["right"][0].__setitem__(20, 271), "digest: does not fit the content"),
        (lambda r: r["spreads"]["f1"].update(shift=0.0), "digest: does not fit the content"),
        (lambda r: r.update(classes=["yes", "no"]), "digest: does not fit the content"),
        (lambda r: r["right"][0].__setitem__(20, 301), "reliability: expected at least 300"),
        (
            lambda r: r["predictions"].__setitem__(0, r["right"][0]) or r["right"][1].sort(),
            "reliability: expected at least 300",
        ),
        (lambda r: r.update(classes=None), "reliability: expected one row of counts, or two"),
        (lambda r: r["right"].pop(), "reliability: expected one row of counts, or two"),
        (lambda r: r["right"][0].pop(), r"reliability.right\[0\]: Expected `array` of length"),
        (
            lambda r: r["spreads"].update(recall={"periods": 0.0, "shift": 0.0}),
            "reliability.spreads: expected only accuracy, f1, roc_auc",
        ),
        (
            lambda r: r["spreads"]["f1"].update(shift=-1.0),
            r"reliability.spreads\[...\].shift: Expected `float` >= 0",
        ),
    ],
)
def test_reliability_that_was_edited_or_contradicts_itself_is_refused(tmp_path, change, message):
    """A curve that somebody made nicer would estimate what never was."""
    path = tmp_path / "bot.ref"
    write(reliable(), path)
    document = json.loads(path.read_text())
    change(document["reliability"])
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message):
        read(path)
