from __future__ import annotations

import os
import sys

import psutil
import pytest

from demo.programs import Program, ProgramError, free_port, run_to_end

STUBBORN = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("ready").touch()
time.sleep(600)
"""


def test_output_of_a_command_is_returned():
    """Standard output alone, when all is well."""
    assert run_to_end([sys.executable, "-c", "print('fine')"]) == "fine\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([sys.executable, "-c", "import sys; sys.exit('broken')"], "exit code 1: broken"),
        (["/nowhere/program"], "No such file"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "timed out"),
    ],
)
def test_a_command_that_fails_says_why(command, message):
    """Exit code and what it said, or why it did not start or end."""
    with pytest.raises(ProgramError, match=message):
        run_to_end(command, timeout=1.0)


def test_a_program_is_ended_by_its_id(tmp_path):
    """SIGTERM, and it is gone."""
    program = Program("sleeper", tmp_path, [sys.executable, "-c", "import time; time.sleep(600)"])
    program.check()
    program.stop()
    assert not psutil.pid_exists(program.pid)
    program.stop()


def test_a_stubborn_program_is_killed(tmp_path):
    """One that ignores SIGTERM does not keep the demo from ending."""
    program = Program("stubborn", tmp_path, [sys.executable, "-c", STUBBORN])
    program.wait_for_file(tmp_path / "ready")
    program.stop(patience=0.2)
    assert not psutil.pid_exists(program.pid)


def test_an_early_end_is_told_with_the_end_of_the_log(tmp_path):
    """Waiting for what will never come ends at once, and says what the program said."""
    program = Program("short", tmp_path, [sys.executable, "-c", "import sys; sys.exit('no disk')"])
    with pytest.raises(ProgramError, match=r"short ended with exit code 1:\nno disk"):
        program.wait_for_url(f"http://127.0.0.1:{free_port()}/")


def test_waiting_has_an_end(tmp_path):
    """A program that runs and never answers is an error after a while."""
    program = Program("silent", tmp_path, [sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with pytest.raises(ProgramError, match=r"silent: absent did not appear within 0\.2 s"):
            program.wait_for_file(tmp_path / "absent", timeout=0.2)
    finally:
        program.stop()


def test_ctrl_c_does_not_reach_it(tmp_path):
    """It has a session of its own, so that the demo decides who ends when."""
    program = Program("apart", tmp_path, [sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        assert os.getsid(program.pid) == program.pid
    finally:
        program.stop()
