from __future__ import annotations

import io
import subprocess
import sys

import pytest

from exporter import __version__, cli
from exporter.commands.streams import Streams
from exporter.errors import UsageError
from exporter.monitors import names
from exporter.tailing.inputs import Block
from tests.commands.terminal import Terminal

COMMANDS = ("run", "scan", "check", "reference", "syslog", "rules", "config", "backfill")


def streams():
    """Return streams that keep what is written."""
    return Streams(io.StringIO(), io.StringIO(), io.BytesIO())


def modeltail(*arguments, **options):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from exporter.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_help_names_every_command(capsys):
    """And the exit codes."""
    with pytest.raises(SystemExit) as raised:
        cli.execute(["--help"], streams())
    assert raised.value.code == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command}" in text
    assert "Exit codes: 0 fine, 1 a check found something, 2 bad usage or configuration." in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    """It says what the command is for."""
    with pytest.raises(SystemExit) as raised:
        cli.execute([command, "--help"], streams())
    assert raised.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: modeltail {command} ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["check"], "the following arguments are required: --config.file"),
        (["scan", "--config.file", "x", "--format", "xml"], "invalid choice: 'xml'"),
        (["scan", "--config.file", "x", "--no-monitor.speed"], "unrecognized arguments"),
    ],
)
def test_bad_usage(arguments, message, capsys):
    """Exit code 2, and what would have been right."""
    with pytest.raises(SystemExit) as raised:
        cli.execute(arguments, streams())
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_a_usage_error_is_told_without_a_traceback(tmp_path):
    """One prefixed line for each mistake."""
    configuration = tmp_path / "c.yml"
    configuration.write_text("models: [{name: bot, pths: [a]}]\nwindos: [5m]\n")
    used = streams()
    assert cli.execute(["check", "--config.file", str(configuration)], used) == 2
    assert used.err.getvalue().splitlines() == [
        f"modeltail: {configuration}:1: models.0.paths: the key is missing",
        f"modeltail: {configuration}:1: models.0.pths: unknown key; did you mean paths?",
        f"modeltail: {configuration}:2: windos: unknown key; did you mean windows?",
    ]
    assert used.out.getvalue() == ""
    assert issubclass(UsageError, Exception)


def test_every_monitor_can_be_left_out():
    """--no-monitor.NAME for each, as often as wanted."""
    flags = [f"--no-monitor.{name}" for name in names.ALL]
    options = cli.parser().parse_args(["scan", "--config.file", "x", *flags])
    assert options.without == list(names.ALL)
    assert cli.parser().parse_args(["scan", "--config.file", "x"]).without == []


def test_the_version():
    """Of the package, as the installed command prints it."""
    done = modeltail("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"modeltail {__version__}\n", "")


def test_a_reader_that_has_gone_is_no_error():
    """`modeltail config schema | head -1` ends quietly."""
    done = subprocess.run(
        f"'{sys.executable}' -c 'from exporter.cli import main; main()' config schema | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_progress_is_shown_on_a_terminal_only():
    """In a pipe there is nothing; blocks count as done when the next one is asked for."""
    blocks = [Block("a", 1, [b"x"] * 1000), Block("a", 1001, [b"x"] * 234)]
    quiet = streams()
    with quiet.progress("reading") as progress:
        assert list(progress.track(blocks)) == blocks
    assert quiet.err.getvalue() == ""
    terminal = Streams(io.StringIO(), Terminal(), io.BytesIO())
    with terminal.progress("reading") as progress:
        assert list(progress.track(blocks)) == blocks
    assert "reading" in terminal.err.getvalue()
    assert terminal.out.getvalue() == ""


def test_help_is_there_at_once():
    """What takes time to import is imported by the command that needs it."""
    program = (
        "import sys; from exporter import cli; cli.parser()\n"
        "heavy = {'numpy', 'pydantic', 'exporter.assembly'}; print(heavy & sys.modules.keys())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"
