from __future__ import annotations

import pytest

from exporter.errors import UsageError
from exporter.markov.evaluation.log import Log
from tests.commands.syslog.test_score import log, run


@pytest.fixture
def model(tmp_path):
    """Train a model of three messages in turn."""
    (tmp_path / "train.log").write_bytes(log(300))
    run("train", "-o", tmp_path / "model", tmp_path / "train.log")
    return tmp_path / "model"


def test_a_log_that_is_read_again(model):
    """Of as many lines as asked for, one a second, whose messages follow each other as learned."""
    code, out, _ = run(
        "generate",
        "--model",
        model,
        "--lines",
        30,
        "--host",
        "h1",
        "--start",
        "2026-11-22T17:28:58",
    )
    assert code == 0
    assert out.startswith("Nov 22 17:28:58 h1 app: ")
    assert "\nNov 22 17:29:00 h1 app: " in out
    read = Log.of_lines(out.encode().splitlines(), 1_795_900_000.0)
    turn = ["app: connection from ... port", "app: session opened for root", "app: session closed"]
    messages = [text.strip() for text in read.message.decode()]
    assert len(messages) == 30
    place = turn.index(messages[0])
    assert messages == [turn[(place + n) % 3] for n in range(30)]


def test_a_seed_gives_the_same_log_in_a_file_as_on_the_output(model, tmp_path):
    """Another one another."""
    options = ("generate", "--model", model, "--lines", 5, "--start", "2026-11-22")
    first, again, other = (run(*options, "--seed", seed)[1] for seed in (3, 3, 4))
    assert first == again != other
    assert run(*options, "--seed", 3, "-o", tmp_path / "log")[1] == ""
    assert (tmp_path / "log").read_text() == first


def test_what_only_itself_follows_is_left_with_restart_alone(tmp_path):
    """As the paper's matrix says."""
    lines = ["start", "work", "work", "stop"]
    (tmp_path / "train.log").write_bytes(
        b"".join(f"Nov 22 12:00:0{n} h app: {line}\n".encode() for n, line in enumerate(lines))
    )
    model = tmp_path / "model"
    run("train", "-o", model, tmp_path / "train.log")
    _, stuck, _ = run("generate", "--model", model, "--lines", 60)
    _, going, _ = run("generate", "--model", model, "--lines", 60, "--restart")
    assert stuck.splitlines()[-1].endswith("stop")
    assert stuck.count("start") <= 1
    assert going.count("start") > 1


def test_the_last_line_is_now_if_no_start_is_given(model):
    """A log that ends in the future would be late for no window."""
    _, out, _ = run("generate", "--model", model, "--lines", 2)
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(
    ("option", "value"), [("--host", "a b"), ("--host", "a:"), ("--start", "noon"), ("--lines", 0)]
)
def test_bad_options(model, option, value, capsys):
    """The usage says which."""
    with pytest.raises(SystemExit):
        run("generate", "--model", model, option, value)
    assert option in capsys.readouterr().err


def test_a_folder_that_is_not_there(model, tmp_path):
    """Nothing is written."""
    with pytest.raises(UsageError, match="No such file"):
        run("generate", "--model", model, "-o", tmp_path / "none" / "log")
