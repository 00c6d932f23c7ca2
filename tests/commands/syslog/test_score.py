from __future__ import annotations

import argparse
import gzip
import io
import json

import pytest

from exporter.commands import syslog
from exporter.commands.streams import Streams
from exporter.errors import UsageError
from exporter.markov import model_file


def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run `modeltail syslog` and return its exit code, output and messages."""
    parser = argparse.ArgumentParser(prog="modeltail")
    syslog.add_parser(parser.add_subparsers())
    options = parser.parse_args(["syslog", *map(str, arguments)])
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO(stdin))
    return options.run(options, streams), streams.out.getvalue(), streams.err.getvalue()


def log(count: int, odd: int | None = None) -> bytes:
    """Write a log of three messages in turn, and of one that is never there."""
    messages = ["connection from 10.0.0.1 port 22", "session opened for root", "session closed"]
    lines = [messages[n % 3] for n in range(count)]
    if odd is not None:
        lines.insert(odd, "segfault in libc at \x1b[31mred")
    return b"".join(
        f"Nov 22 12:{n // 60 % 60:02d}:{n % 60:02d} web1 app[{n // 3}]: {line}\n".encode()
        for n, line in enumerate(lines)
    )


def test_the_most_anomalous_lines_first(tmp_path):
    """As JSON, an object a line: where, what and why."""
    (tmp_path / "train.log").write_bytes(log(3000))
    (tmp_path / "test.log.gz").write_bytes(gzip.compress(b"no header\n" + log(300, odd=100)))
    model = tmp_path / "model"
    run("train", "-o", model, tmp_path / "train.log")
    code, out, _ = run(
        "score", "--model", model, "--format", "json", "--top", 3, tmp_path / "test.log.gz"
    )
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(found) == 3
    assert found[0] == {
        "file": str(tmp_path / "test.log.gz"),
        "line": 102,
        "host": "web1",
        "kind": "novel",
        "score": found[0]["score"],
        "pvalue": found[0]["pvalue"],
        "message": "Nov 22 12:01:40 web1 app[33]: segfault in libc at \x1b[31mred",
        "explanation": found[0]["explanation"],
    }
    assert found[0]["score"] > 5 > found[1]["score"]
    assert 0 < found[0]["pvalue"] < 1e-3
    assert found[0]["explanation"].startswith('"app: segfault in libc at ')


def test_for_people():
    """From standard input, without a model; nothing of a log can move the cursor."""
    code, out, _ = run("score", "--top", 1, "-", stdin=log(1500, odd=700))
    assert code == 0
    assert "novel" in out
    assert "<stdin>:701" in out
    assert "segfault in libc at \ufffd[31mred" in out
    assert "\x1b" not in out


def test_lines_of_the_training_log_are_not_ranked(tmp_path):
    """The last of them wait for lines that the log to score holds."""
    (tmp_path / "train.log").write_bytes(log(900, odd=899))
    model = tmp_path / "model"
    run("train", "-o", model, tmp_path / "train.log")
    _, out, _ = run("score", "--model", model, "--format", "json", "--top", 50, "-", stdin=log(30))
    found = [json.loads(line) for line in out.splitlines()]
    assert {line["file"] for line in found} == {"<stdin>"}
    assert "segfault" not in "".join(line["message"] for line in found)


def test_bad_arguments(tmp_path, capsys):
    """Say what is wrong."""
    with pytest.raises(UsageError, match="no syslog message"):
        run("score", "-", stdin=b"no header\n")
    with pytest.raises(UsageError, match="can't be read"):
        run("score", "--model", tmp_path / "absent", "-")
    with pytest.raises(SystemExit):
        run("score", "--top", "0", "-")
    assert "'0' is no whole number from 1" in capsys.readouterr().err


def test_a_model_of_an_older_version(tmp_path):
    """Knows nothing of the order of templates."""
    (tmp_path / "train.log").write_bytes(log(30))
    model = tmp_path / "model"
    run("train", "-o", model, tmp_path / "train.log")
    old = model_file.load(model)
    object.__setattr__(old, "online", None)
    model_file.save(old, model)
    with pytest.raises(UsageError, match="written by an older modeltail"):
        run("score", "--model", model, "-", stdin=log(3))
