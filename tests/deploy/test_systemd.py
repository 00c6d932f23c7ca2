"""The systemd unit is well-formed, shut off from what it does not need, and names what there is."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from exporter import cli

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "modeltail.service"
MOST_EXPOSED = 2.0


def analyze(*arguments: str) -> str:
    """Return what systemd-analyze says."""
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd-analyze is not on PATH; it comes with systemd"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def unit() -> configparser.ConfigParser:
    """Return the unit; of keys that come twice the last one."""
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read_string(UNIT.read_text())
    return found


def test_systemd_takes_it():
    """Its only remark is that nothing is installed here."""
    remarks = analyze("verify", str(UNIT)).splitlines()
    assert [
        one for one in remarks if "/opt/modeltail/bin/modeltail is not executable" not in one
    ] == []


def test_it_is_shut_off():
    """As systemd judges it: 0 is best, 10 is worst."""
    judged = analyze("security", "--offline=true", str(UNIT))
    exposure = re.search(r"Overall exposure level for modeltail.service: ([\d.]+)", judged)
    assert exposure is not None, judged
    assert float(exposure[1]) <= MOST_EXPOSED


def test_it_starts_the_command_as_it_is():
    """Flags that there are; state where the directory is that it may write to."""
    service = unit()["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program == "/opt/modeltail/bin/modeltail"
    options = cli.parser().parse_args(arguments)
    assert options.storage_path == Path("/var/lib") / service["StateDirectory"]
