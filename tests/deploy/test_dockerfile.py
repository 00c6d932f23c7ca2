"""What can be known of the image without building it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.commands.exporter_process import configure, running

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def instruction(stage: str, name: str) -> str:
    """Return the only one of that name in a stage."""
    (found,) = re.findall(rf"^{name} (.+)$", STAGES[stage], re.MULTILINE)
    return found


def test_hadolint_has_nothing_to_remark():
    """Of any severity."""
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("stage", ["exporter", "demo"])
def test_commands_take_signals(stage):
    """A shell between would keep SIGTERM to itself, and the last commit would be missing."""
    assert isinstance(json.loads(instruction(stage, "ENTRYPOINT")), list)
    assert isinstance(json.loads(instruction(stage, "CMD")), list)


def test_images_are_of_a_named_version():
    """What was tested is what is built."""
    bases = set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) - STAGES.keys()
    assert bases == {"python:3.13-slim"}
    assert all(
        "--require-hashes" in line or "--no-deps" in line
        for line in re.findall(r"pip install .*", TEXT)
    )


def test_the_health_check_tells_healthy_from_gone(tmp_path):
    """By the very command of the image, but for the port."""
    check = instruction("exporter", "HEALTHCHECK").partition(" CMD ")[2]
    _, *arguments = json.loads(check)

    def code(port: str) -> int:
        command = [sys.executable, *(one.replace("9877", port) for one in arguments)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    with running(configure(tmp_path)) as process:
        port = process.url.rpartition(":")[2]
        assert code(port) == 0
    assert code(port) != 0


def test_what_is_copied_suffices_for_the_package(tmp_path):
    """The wheel that the image builds is the one of the whole repository."""
    source = tmp_path / "src"
    for copied in re.findall(r"^COPY (?!--)(.+)$", STAGES["build"], re.MULTILINE):
        *names, target = copied.split()
        folder = source / target
        for path in (ROOT / name for name in names):
            if path.is_dir():
                shutil.copytree(path, folder, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder)
    built = [wheel(source, tmp_path / "image"), wheel(ROOT, tmp_path / "repository")]
    assert contents(built[0]) == contents(built[1])
    assert built[0].name == built[1].name


def wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def contents(path: Path) -> dict[str, bytes]:
    """Return the files in a wheel."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
