from __future__ import annotations

import argparse
import gzip
import io

import pytest

from exporter.commands import syslog
from exporter.commands.streams import Streams
from exporter.errors import UsageError
from exporter.markov import model_file


def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run `modeltail syslog train` and return its exit code, output and messages."""
    parser = argparse.ArgumentParser(prog="modeltail")
    syslog.add_parser(parser.add_subparsers())
    options = parser.parse_args(["syslog", "train", *map(str, arguments)])
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO(stdin))
    return options.run(options, streams), streams.out.getvalue(), streams.err.getvalue()


def log(messages: str, host: str = "web1", minute: int = 0) -> bytes:
    """Write a log of one-letter messages."""
    return b"".join(
        f"Nov 22 12:{minute:02d}:{n % 60:02d} {host} app[{n}]: {message} {n}\n".encode()
        for n, message in enumerate(messages)
    )


def test_files_become_a_model(tmp_path):
    """Paths, globs and .gz; chains go on from file to file; the report counts everything."""
    (tmp_path / "1.log").write_bytes(log("ab") + b"no header\n\n" + log("ca"))
    (tmp_path / "2.log.gz").write_bytes(gzip.compress(log("b") + log("a", "web2")))
    model = tmp_path / "model"
    code, out, err = run("-o", model, tmp_path / "*.log", tmp_path / "2.log.gz")
    assert code == 0
    too_few = "unknown: the second half of the logs has 2 transitions, 500 are needed"
    no_reference = "of too few messages: 1,024 have to come before those that are compared with it"
    assert out.splitlines() == [
        "lines read              8",
        "parsed                  6",
        "rejected                1 (1 header)",
        "skipped                 1 (1 empty)",
        "hosts                   2",
        "tags                    1",
        "distinct messages       3",
        "transitions             4",
        "distinct transitions    3",
        f"expected unseen share   {too_few}",
        f"reference               {no_reference}",
    ]
    assert "1 rejected (header)" in err
    assert "1.log:3: " in err
    assert "got b'no header'" in err
    trained = model_file.load(model)
    assert trained.messages.values == ("app: a", "app: b", "app: c")
    assert (trained.lines, trained.chains) == (6, 2)
    assert trained.message_transitions.counts.tolist() == [2, 1, 1]


def test_the_expected_share_is_reported(tmp_path):
    """Long logs say what a normal day looks like."""
    (tmp_path / "log").write_bytes(log("ab" * 600 + "a"))
    _, out, _ = run("-o", tmp_path / "model", tmp_path / "log")
    assert (
        "expected unseen share   0.0832% (of 600 transitions in the second half of the logs, "
        "the first half has all but 0)"
    ) in out
    assert model_file.load(tmp_path / "model").expected_unseen_share == 0.5 / 601


def test_standard_input(tmp_path):
    """``-`` is standard input."""
    run("-o", tmp_path / "model", "-", stdin=log("abab"))
    assert model_file.load(tmp_path / "model").lines == 4


def test_leading_fields_and_time_zone(tmp_path):
    """Collected logs are understood."""
    collected = b"".join(b"x 1 y " + line + b"\n" for line in log("ab").splitlines())
    arguments = ("--leading-fields", 3, "--timezone", "Europe/Zurich")
    run("-o", tmp_path / "model", "-", *arguments, stdin=collected)
    assert model_file.load(tmp_path / "model").lines == 2


def test_no_message_at_all(tmp_path):
    """A log of another format says so, with a line of it, and no model is written."""
    (tmp_path / "log").write_bytes(b'{"json": true}\n')
    with pytest.raises(UsageError, match=r"no syslog message; .*log:1: .*json"):
        run("-o", tmp_path / "model", tmp_path / "log")
    (tmp_path / "log").write_bytes(b"")
    with pytest.raises(UsageError, match=r"log: no syslog message$"):
        run("-o", tmp_path / "model", tmp_path / "log")
    assert not (tmp_path / "model").exists()


def test_lines_that_are_too_long(tmp_path):
    """They are part of the account."""
    (tmp_path / "log").write_bytes(log("a") + b"x" * (2 << 20) + b"\n" + log("b"))
    _, out, _ = run("-o", tmp_path / "model", tmp_path / "log")
    assert out.splitlines()[:3] == [
        "lines read              3",
        "parsed                  2",
        "rejected                1 (1 too_long)",
    ]


def test_bad_arguments(tmp_path, capsys):
    """What can't work is said before anything is read."""
    with pytest.raises(UsageError, match="there is no directory"):
        run("-o", tmp_path / "absent" / "model", "-")
    with pytest.raises(UsageError, match="no such file"):
        run("-o", tmp_path / "model", tmp_path / "absent")
    with pytest.raises(UsageError, match="'Mars' is no time zone"):
        run("-o", tmp_path / "model", "-", "--timezone", "Mars")
    with pytest.raises(SystemExit):
        run("-o", tmp_path / "model", "-", "--leading-fields", "-1")
    assert "'-1' is no whole number from 0" in capsys.readouterr().err
