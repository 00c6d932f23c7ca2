from __future__ import annotations

import getpass
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.registry.document import read


def registry(command, *arguments, file):
    """Return the exit code and what was written to the streams."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    whole = ["registry", command, "--registry.file", str(file), *arguments]
    return execute(whole, streams), streams.out.getvalue(), streams.err.getvalue()


@pytest.fixture
def file(tmp_path):
    """Return the path of a registry with two versions, the newer one in production."""
    path = tmp_path / "registry.yml"
    for version in ("1.0.0", "1.1.0"):
        registry("register", "bot", version, file=path)
        registry("promote", "bot", version, file=path)
    return path


def test_a_version_is_registered_with_all_that_is_known_of_it(tmp_path):
    """Hyperparameters are numbers, booleans or texts, as they look."""
    path = tmp_path / "registry.yml"
    done = registry(
        "register", "bot", "1.0.0", "--kind", "forest", "--trained-on", "tickets", "--examples",
        "12000", "--param", "depth=6", "--param", "rate=1e-3", "--param", "warm=false", "--param",
        "loss=a=b", "--param", "list=[1]", "--metric", "accuracy=.93",
        file=path,
    )  # fmt: skip
    assert done == (0, "bot 1.0.0: staging\n", "")
    version = read(path).models["bot"].versions["1.0.0"]
    assert (version.kind, version.trained_on, version.examples) == ("forest", "tickets", 12_000)
    assert version.hyperparameters == {
        "depth": 6, "rate": 0.001, "warm": False, "loss": "a=b", "list": "[1]",
    }  # fmt: skip
    assert version.metrics == {"accuracy": 0.93}


def test_promotion_and_rollback_say_what_went(file):
    """And who did it, and why, is in the history."""
    assert read(file).models["bot"].production == "1.1.0"
    done = registry("rollback", "bot", "--reason", "too slow", file=file)
    assert done == (0, "bot 1.0.0: production again, in the place of 1.1.0\n", "")
    done = registry("promote", "bot", "1.1.0", "--by", "ana", file=file)
    assert done == (0, "bot 1.1.0: production, in the place of 1.0.0\n", "")
    *_, back, again = read(file).models["bot"].history
    assert (back.action, back.by, back.reason) == ("rollback", getpass.getuser(), "too slow")
    assert (again.action, again.by, again.reason) == ("promote", "ana", None)


def test_a_version_is_archived(file):
    """Then nothing is left to go back to."""
    assert registry("archive", "bot", "1.0.0", file=file) == (0, "bot 1.0.0: archived\n", "")
    code, out, err = registry("rollback", "bot", file=file)
    assert (code, out) == (2, "")
    assert err == f"modeltail: {file}: bot: no version was in production before this one\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("register", "bot", "1.0.0"), "bot: version 1.0.0 is registered already, and never chan"),
        (("register", "bot", "v2"), "bot: 'v2' is no semantic version; expected for example 1.4."),
        (("promote", "bot", "9.0.0"), "bot: version 9.0.0 is not registered; known: 1.0.0, 1.1.0"),
        (("promote", "cat", "1.0.0"), "cat: version 1.0.0 is not registered; known: none"),
        (("archive", "bot", "1.1.0"), "bot: version 1.1.0 is in production; promote another one,"),
        (("list", "cat"), "no model 'cat'; registered: bot"),
    ],
)
def test_what_is_refused_changes_nothing(file, arguments, message):
    """Exit code 2, and why."""
    before = file.read_bytes()
    code, out, err = registry(arguments[0], *arguments[1:], file=file)
    assert (code, out) == (2, "")
    assert err.startswith(f"modeltail: {file}: {message}")
    assert file.read_bytes() == before


def test_too_long_a_text_is_refused(file):
    """It would be a label."""
    code, _, err = registry("register", "bot", "2.0.0", "--kind", "x" * 257, file=file)
    assert (code, err) == (2, "modeltail: kind: String should have at most 256 characters\n")


@pytest.mark.parametrize(
    "wrong", [("--param", "depth"), ("--metric", "a=nan"), ("--examples", "-1")]
)
def test_arguments_that_say_nothing_are_refused(tmp_path, wrong, capsys):
    """As every wrong usage is, before anything is written."""
    with pytest.raises(SystemExit, match="2"):
        registry("register", "bot", "1.0.0", *wrong, file=tmp_path / "registry.yml")
    assert "error: argument" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_the_list_shows_the_newest_first(file):
    """For people, and for programs."""
    code, out, _ = registry("list", file=file)
    assert code == 0
    head, new, old = (line.split() for line in out.splitlines())
    assert head[:5] == ["MODEL", "VERSION", "STAGE", "REGISTERED", "DEPLOYED"]
    assert new[:3] == ["bot", "1.1.0", "production"]
    assert old[:3] == ["bot", "1.0.0", "archived"]
    code, out, _ = registry("list", "bot", "--format", "json", file=file)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["version"], row["stage"]) for row in rows] == [
        ("1.1.0", "production"), ("1.0.0", "archived"),
    ]  # fmt: skip
    code, out, _ = registry("list", "--history", "--format", "json", file=file)
    assert [json.loads(line)["action"] for line in out.splitlines()] == ["promote", "promote"]


def test_the_list_can_do_nothing_to_a_terminal(file):
    """Whatever somebody gave as a reason."""
    registry("rollback", "bot", "--reason", "\x1b[2J\u202egone", file=file)
    assert "  \ufffd[2J\ufffdgone\n" in registry("list", "--history", file=file)[1]


def test_commands_at_the_same_time_lose_nothing(tmp_path):
    """Each waits for the one that is at it."""
    path = tmp_path / "registry.yml"
    command = [Path(sys.executable).with_name("modeltail"), "registry", "register"]
    running = [
        subprocess.Popen([*command, "--registry.file", str(path), "bot", f"1.{minor}.0"])
        for minor in range(6)
    ]
    assert [each.wait(60) for each in running] == [0] * 6
    assert sorted(read(path).models["bot"].versions) == [f"1.{minor}.0" for minor in range(6)]
