from __future__ import annotations

import gzip
import io
import json

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read

CONFIGURATION = """
models:
  - name: bot
    paths: [bot.jsonl]
    fields: {features: input}
    drift: {reference: bot.ref, columns: {zip: {test: chi2}, "*": {}}}
  - name: other
    paths: [other.jsonl]
"""


def line(position, **fields):
    """Return one prediction of the bot, features under the mapped key."""
    record = {
        "timestamp": 1_700_000_000 + position,
        "model_version": "3",
        "prediction": "ab"[position % 2],
        "confidence": 0.75,
        "input": {"age": position, "plan": "gold", "zip": 8000 + position % 3},
    }
    return json.dumps(record | fields)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs `modeltail reference …` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modeltail.yml").write_text(CONFIGURATION)

    def call(*arguments, stdin=b""):
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO(stdin))
        code = execute(["reference", *arguments], streams)
        return code, streams.out.getvalue(), streams.err.getvalue()

    return call


BUILD = ("build", "--config.file", "modeltail.yml", "--model", "bot", "-o", "bot.ref")


def test_build_profiles_the_log_through_the_field_mapping(run, tmp_path):
    """Kinds follow the configured tests; version and facts come from the records."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(200))))
    code, out, err = run(*BUILD, "a.jsonl")
    assert (code, err) == (0, "")
    reference = read(tmp_path / "bot.ref")
    kinds = {column.name: column.kind for column in reference.columns}
    assert kinds == {
        "age": "numeric",
        "confidence": "numeric",
        "plan": "categorical",
        "prediction": "categorical",
        "zip": "categorical",
    }
    assert (reference.model, reference.version) == ("bot", "3")
    assert reference.provenance.files == ("a.jsonl",)
    assert reference.provenance.records == 200
    assert reference.provenance.first_timestamp == 1_700_000_000.0
    assert reference.provenance.last_timestamp == 1_700_000_199.0
    assert f"reference {reference.label} of model bot version 3: 200 predictions" in out
    assert "0 to 199, mean 99.5, sd 57.88" in out
    assert "8000 33.5%, 8001 33.5%, 8002 33.0%" in out


def test_labelled_numbers_teach_what_errors_to_expect(run, tmp_path):
    """Said when it is built and when it is shown; what differs between inputs is learned."""
    lines = [
        line(i, prediction=i, true_label=i + 1 + 9 * (i % 2), input={"x": i % 2})
        for i in range(1000)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    configuration = CONFIGURATION.replace("name: bot", "name: bot\n    task: regression")
    (tmp_path / "modeltail.yml").write_text(configuration)
    code, out, err = run(*BUILD, "a.jsonl")
    said = (
        "mean absolute error without labels: estimated, from 1000 labelled predictions whose mean "
        "absolute error is 5.5\n"
    )
    assert (code, err) == (0, "")
    assert said in out
    assert said in run("show", "bot.ref")[1]
    expected = read(tmp_path / "bot.ref").expected_error
    assert expected.mean.tolist() == [1, 10] * 4


def test_globs_gzip_and_standard_input_give_the_same_reference(run, tmp_path):
    """Only the files' names differ."""
    lines = list(map(line, range(150)))
    (tmp_path / "1.jsonl").write_text("\n".join(lines[:90]) + "\n")
    (tmp_path / "2.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[90:]).encode()))
    assert run(*BUILD, "?.jsonl*")[0] == 0
    from_files = read(tmp_path / "bot.ref")
    assert run(*BUILD, "-", stdin="\n".join(lines).encode())[0] == 0
    from_stdin = read(tmp_path / "bot.ref")
    assert from_stdin.digest == from_files.digest
    assert from_stdin.provenance.files == ("-",)


def test_show_prints_what_build_printed(run, tmp_path):
    """The same table, without the line about writing."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(150))))
    _, built, _ = run(*BUILD, "a.jsonl")
    code, shown, _ = run("show", "bot.ref")
    assert code == 0
    assert built == shown + "wrote bot.ref\nwrote bot.rules.yml\n"


def test_build_writes_rules_to_edit(run, tmp_path):
    """Beside the reference; what `rules` prints of it later is the same."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(300))))
    run(*BUILD, "a.jsonl")
    written = (tmp_path / "bot.rules.yml").read_text()
    assert "\n  features.age: {type: integer, min: 0, max: 450, required: true}" in written
    assert run("rules", "bot.ref") == (0, written, "")


def test_edited_rules_are_kept(run, tmp_path):
    """Building again does not touch them, and says how to see the new ones."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(300))))
    (tmp_path / "bot.rules.yml").write_text("fields: {}\n")
    code, out, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert out.endswith("wrote bot.ref\n")
    assert err == (
        "note: bot.rules.yml is kept, since somebody may have edited it; "
        "`modeltail reference rules bot.ref` prints the rules of this reference\n"
    )
    assert (tmp_path / "bot.rules.yml").read_text() == "fields: {}\n"


def test_a_version_label_can_be_given(run, tmp_path):
    """It replaces the version that the records name."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(150))))
    assert run(*BUILD, "--version-label", "march", "a.jsonl")[0] == 0
    assert read(tmp_path / "bot.ref").version == "march"


def test_bad_lines_are_counted_and_the_first_is_shown(run, tmp_path):
    """They cost themselves only; the message has file and line."""
    good = list(map(line, range(150)))
    bad = ["{broken", "", line(0, model="other"), "[1]", '{"prediction": []}']
    (tmp_path / "a.jsonl").write_text("\n".join(good[:2] + bad + good[2:]))
    code, _, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert "1 lines left out: not_json, first a.jsonl:3: " in err
    assert "1 lines left out: not_object, first a.jsonl:6: " in err
    assert "1 lines left out: empty\n" in err
    assert "1 lines left out: other_model\n" in err
    assert "1 lines left out: invalid prediction\n" in err
    assert read(tmp_path / "bot.ref").provenance.records == 150


def test_a_log_of_several_versions_gives_no_label_and_a_note(run, tmp_path):
    """Whether they belong together is for people to decide."""
    lines = [line(i, model_version=str(i % 2)) for i in range(150)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    code, _, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert "note: the records come from 2 versions: 0, 1" in err
    assert read(tmp_path / "bot.ref").version == ""


def test_too_few_values_are_remarked(run, tmp_path):
    """Such a column will never be tested; better said now than wondered about later."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(99))))
    code, _, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert "note: age: 99 values are too few to test against (at least 100)" in err


def test_text_of_the_log_does_not_steer_the_terminal(run, tmp_path):
    """Escape sequences in names and categories are not printed."""
    hostile = {"x\x1b[2J": 1, "plan": "\x1b]0;title\x07"}
    (tmp_path / "a.jsonl").write_text("\n".join(line(i, input=hostile) for i in range(150)))
    code, out, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert "\x1b" not in out + err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*BUILD, "no.jsonl"), "no.jsonl: no such file"),
        ((*BUILD, "labels.jsonl"), "labels.jsonl: no prediction of model 'bot' found"),
        ((*BUILD, "empty.jsonl"), "empty.jsonl: no prediction of model 'bot' found"),
        (
            (*BUILD[:3], "--model", "bat", "-o", "x", "empty.jsonl"),
            "modeltail.yml: there is no model 'bat'; configured: bot, other",
        ),
        ((*BUILD[:5], "-o", "no/x.ref", "a.jsonl"), "no/x.ref: can't be written"),
        (("show", "a.jsonl"), "a.jsonl: "),
    ],
)
def test_mistakes_end_with_2_and_a_message(run, tmp_path, arguments, message):
    """Nothing is written then."""
    (tmp_path / "a.jsonl").write_text(line(1))
    (tmp_path / "labels.jsonl").write_text('{"request_id": "1", "true_label": 1}\n')
    (tmp_path / "empty.jsonl").write_text("")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert f"modeltail: {message}" in err
    assert not list(tmp_path.glob("*.ref"))


def labelled(position):
    """Return a prediction and, apart, its label; the model is right three times in four."""
    prediction = "ab"[position % 2]
    label = {"request_id": str(position), "true_label": "ba"[position % 2]}
    if position % 4 or position % 8 == 0:
        label["true_label"] = prediction
    return line(position, request_id=str(position)), json.dumps(label)


def test_labels_logged_apart_are_joined(run, tmp_path):
    """It is the same reference as if they had been logged with their predictions."""
    predictions, labels = zip(*map(labelled, range(400)), strict=True)
    (tmp_path / "a.jsonl").write_text("\n".join(predictions))
    (tmp_path / "old.jsonl").write_text('{"request_id": "x", "true_label": "a"}\n')
    (tmp_path / "new.jsonl").write_text("\n".join(reversed(labels)))
    code, out, err = run(*BUILD, "--labels", "old.jsonl", "--labels", "new.jsonl", "a.jsonl")
    assert (code, err) == (0, "")
    assert "400 of 401 labels logged apart found their prediction" in out
    # Two classes, the later one in the alphabet being the positive one.
    assert (
        "accuracy without labels: estimated, with F1 and ROC-AUC of class b, from 400 labelled "
        "predictions of which 87.50% are right\n"
    ) in out
    apart = read(tmp_path / "bot.ref")
    together = [
        json.dumps(json.loads(made) | json.loads(label))
        for made, label in map(labelled, range(400))
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(together))
    assert run(*BUILD, "a.jsonl")[0] == 0
    assert read(tmp_path / "bot.ref").digest == apart.digest
    shown = run("show", "bot.ref")[1]
    assert "estimated, with F1 and ROC-AUC of class b, from 400 labelled" in shown


def test_without_labels_show_says_that_nothing_is_estimated(run, tmp_path):
    """And build does."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(line, range(400))))
    expected = (
        "accuracy without labels: not estimated, since fewer than 300 predictions have a label "
        "and a confidence\n"
    )
    assert expected in run(*BUILD, "a.jsonl")[1]
    assert expected in run("show", "bot.ref")[1]


def test_more_than_two_classes_are_told_by_accuracy_alone(run, tmp_path):
    """Neither F1 nor ROC-AUC can be expected of a confidence."""
    lines = [line(n, prediction="abc"[n % 3], true_label="abc"[n % 3]) for n in range(300)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert "accuracy without labels: estimated, from 300 labelled" in run(*BUILD, "a.jsonl")[1]


def test_labels_among_the_predictions_are_remarked(run, tmp_path):
    """They come before or after their predictions: nobody knows without reading all of it."""
    predictions, labels = zip(*map(labelled, range(400)), strict=True)
    (tmp_path / "a.jsonl").write_text("\n".join((*predictions, *labels)))
    code, out, err = run(*BUILD, "a.jsonl")
    assert code == 0
    assert "accuracy without labels: not estimated" in out
    assert "note: 400 labels without a prediction are not used; name their files with --lab" in err
    again = run(*BUILD, "--labels", "a.jsonl", "a.jsonl")[1]
    assert "400 of 400 labels logged apart found their prediction" in again


def test_a_reference_without_features_is_remarked(run, tmp_path):
    """Its band lacks what only parts by inputs could show."""
    lines = [line(n, input={}, true_label="ab"[n % 2]) for n in range(300)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert "note: without logged features nobody knows how far" in run(*BUILD, "a.jsonl")[2]
