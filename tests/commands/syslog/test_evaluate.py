from __future__ import annotations

import json

import pytest

from exporter.commands.syslog import evaluate
from exporter.errors import UsageError
from exporter.markov.evaluation.planting import Kind
from exporter.markov.evaluation.rankers import NAMES
from tests.commands.syslog.test_score import log, run

FEW = ("--seeds", 2, "--anomalies", 5)


@pytest.fixture
def logs(tmp_path):
    """Write two logs of three messages in turn."""
    for name, count in (("train.log", 900), ("test.log", 600)):
        (tmp_path / name).write_bytes(log(count))
    return tmp_path


def test_choices_are_those_of_the_evaluation():
    """They are named apart so that the command line starts without numpy."""
    assert evaluate.SCORERS == NAMES
    assert tuple(Kind) == evaluate.KINDS


def test_a_log_to_learn_and_one_to_plant_into(logs):
    """All scorers and kinds by default; in a log this regular all insertions are found."""
    options = ("--train", logs / "train.log", "--test", logs / "test.log", "--format", "json")
    code, out, err = run("evaluate", *options, *FEW)
    means = json.loads(out)["means"]
    assert (code, err) == (0, "")
    assert {(mean["scorer"], mean["kind"]) for mean in means} == {
        (scorer, kind) for scorer in evaluate.DEFAULT_SCORERS for kind in Kind
    }
    found = {(mean["scorer"], mean["kind"], mean["measure"]): mean["mean"] for mean in means}
    assert found["message", "insertion", "precision"] == 1.0
    assert found["message", "deletion", "recall"] == 1.0
    assert {each["train"] for each in json.loads(out)["pairs"]} == {str(logs / "train.log")}
    assert {each["other"] for each in json.loads(out)["differences"]} == {"message"}


def test_tables_are_the_same_each_time(logs):
    """Of the chosen scorers and kinds."""
    options = ("--train", logs / "train.log", "--test", logs / "test.log", "--scorer", "message")
    _, first, _ = run("evaluate", *options, *FEW, "--kind", "deletion", "--kind", "both")
    _, second, _ = run("evaluate", *options, *FEW, "--kind", "deletion", "--kind", "both")
    assert first == second
    assert [line.split(":")[0] for line in first.splitlines() if "mean" in line] == [
        "deletion",
        "both",
    ]
    assert "train/test    message           1   1.00 (one pair)" in first


def test_pairs_of_a_file_with_figures(logs):
    """The classes are made of what the file says of each log."""
    (logs / "pairs.yml").write_text(
        "parts:\n"
        "  - {name: monday, system: s, host: h, files: [train.log]}\n"
        "  - {name: tuesday, system: s, host: h, files: [test.log]}\n"
    )
    options = ("--pairs", logs / "pairs.yml", "--figures", logs / "drawn" / "here")
    kinds = ("--kind", "insertion", "--kind", "deletion", "--kind", "both")
    _, out, _ = run("evaluate", *options, *FEW, "--scorer", "message", *kinds)
    assert "same          message           2" in out
    assert "other period  message           2" in out
    assert sorted(path.name for path in (logs / "drawn" / "here").iterdir()) == [
        "figure_1_2.svg",
        "figure_3.svg",
        "figure_4.svg",
        "figure_5.svg",
    ]


def test_a_log_of_ones_own(logs):
    """The recall to expect at an alpha, and whether the log is long enough for it."""
    options = ("--self-test", logs / "train.log", *FEW, "--kind", "stranger")
    _, out, _ = run("evaluate", *options, "--alpha", 0.01, "--scorer", "message+tag")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:2] == ["450", "lines"]
    assert lines[3][:4] == ["message+tag", "stranger", "1.00", "(0.00)"]
    _, out, _ = run("evaluate", *options, "--alpha", 1e-4)
    assert out.count("too few lines to support this alpha") == 3
    _, out, _ = run("evaluate", *options, "--format", "json", "--scorer", "message")
    assert json.loads(out)[0]["alpha"] == 1e-3
    assert json.loads(out)[0]["supported"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--train", "train.log"), "--train and --test go together"),
        (("--self-test", "train.log", "--test", "test.log"), "--train and --test go together"),
        (("--self-test", "train.log", "--figures", "x"), "draws no figures"),
        (("--self-test", "empty.log"), "no syslog message"),
        (("--self-test", "none.log"), "no such file"),
        (("--self-test", "train.log", "--anomalies", "999"), "no room for 999 anomalies"),
    ],
)
def test_mistakes(logs, monkeypatch, options, message):
    """Each in a sentence."""
    (logs / "empty.log").write_bytes(b"")
    monkeypatch.chdir(logs)
    with pytest.raises(UsageError, match=message):
        run("evaluate", *options, "--scorer", "message")


@pytest.mark.parametrize("alpha", ["0", "1", "x"])
def test_an_alpha_that_is_none(logs, alpha, capsys):
    """The usage says so."""
    with pytest.raises(SystemExit):
        run("evaluate", "--self-test", logs / "train.log", "--alpha", alpha)
    assert "no number between 0 and 1" in capsys.readouterr().err
