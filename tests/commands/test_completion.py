"""What the shells themselves complete, with the scripts that are printed."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest

from exporter.cli import COMMANDS, execute
from exporter.commands.completion import SHELLS
from exporter.commands.streams import Streams

ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_shtab_modeltail
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell):
    """Return what the command prints."""
    out = io.StringIO()
    assert execute(["completion", shell], Streams(out, io.StringIO(), io.BytesIO())) == 0
    return out.getvalue()


@pytest.fixture
def completed(tmp_path):
    """Return a function that has bash complete the last word."""
    (tmp_path / "completion").write_text(script("bash"))
    (tmp_path / "modeltail.yml").touch()

    def complete(*words):
        command = ["bash", "-c", ASK, "bash", str(tmp_path / "completion"), "modeltail", *words]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert answer.stderr == ""
        return answer.stdout.split()

    return complete


def test_commands(completed):
    """All of them, and those below one."""
    assert len(completed("")) == len(COMMANDS)
    assert completed("ref") == ["reference"]
    assert set(completed("reference", "")) == {"accept", "build", "rules", "show"}


def test_options_their_choices_and_files(completed):
    """Each where it belongs."""
    assert "--web.listen-address" in completed("run", "--web")
    assert "--web.listen-address" not in completed("scan", "--")
    assert completed("run", "--log.format", "") == ["logfmt", "json"]
    assert completed("run", "--config.file", "mod") == ["modeltail.yml"]
    assert completed("init", "mod") == ["modeltail.yml"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_well_formed(shell):
    """Where the shell is there; bash always is."""
    program = shutil.which(shell) or shutil.which("bash")
    if program.endswith("bash") and shell == "zsh":
        assert script("zsh").startswith("#compdef modeltail")
        return
    subprocess.run([program, "-n"], input=script(shell), text=True, check=True)


def test_a_shell_that_is_not_known(capsys):
    """It is named, and so are those that are."""
    with pytest.raises(SystemExit) as refused:
        script("tcsh")
    assert refused.value.code == 2
    assert "'bash', 'zsh'" in capsys.readouterr().err
