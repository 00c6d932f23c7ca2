from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os
import pytest

pytestmark = pytest.mark.xdist_group("together")

@pytest.mark.parametrize("number", range(6))
def test_where(number):
    with open("processes", "a") as file:
        file.write(f"{os.getpid()}\\n")
"""


def test_a_group_of_tests_shares_a_process(tmp_path):
    """What a group starts once, as Prometheus or a browser, is not started by each process."""
    (tmp_path / "test_group.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", str(tmp_path)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    processes = (tmp_path / "processes").read_text().split()
    assert len(processes) == 6
    assert len(set(processes)) == 1
