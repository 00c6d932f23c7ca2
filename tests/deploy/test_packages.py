"""What is installed has all that it needs, without the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist, and return where they are."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True
    )
    return folder


def files(*names: str) -> set[str]:
    """Return the files of the repository below some folders, relative to it."""
    return {
        str(path.relative_to(ROOT))
        for name in names
        for path in [ROOT / name, *(ROOT / name).rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_the_package_and_nothing_else(packages):
    """Templates and assets as well; no tests, no scripts."""
    (wheel,) = packages.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files("exporter")


def test_the_sdist_has_what_is_tested(packages):
    """Whoever packages it for a distribution can run the tests."""
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files("exporter", "tests", "prometheus", "docs", "pyproject.toml") <= names


def test_it_runs_from_an_empty_folder(packages, tmp_path):
    """Help, a scan, and the status page, of the installed package."""
    (wheel,) = packages.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    (tmp_path / "app.log").write_text('{"prediction": "a"}\n')
    model = {"name": "bot", "paths": ["app.log"]}
    (tmp_path / "modeltail.yml").write_text(json.dumps({"models": [model]}))

    def python(program: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        run = [sys.executable, "-c", program]
        done = subprocess.run(
            run, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    where = python("import exporter; print(exporter.__file__)")
    assert Path(where.strip()).is_relative_to(installed)
    call = "import sys; from exporter.cli import main; sys.argv = {}; main()"
    assert "COMMAND" in python(call.format(["modeltail", "--help"]))
    scan = ["modeltail", "scan", "--config.file", "modeltail.yml"]
    assert 'model_predictions_total{class="a"' in python(call.format(scan))
    page = (
        "from importlib import resources\n"
        "from jinja2 import Environment, PackageLoader\n"
        "for name in Environment(loader=PackageLoader('exporter.status')).list_templates():\n"
        "    print(name)\n"
        "print(len(resources.files('exporter.status').joinpath('assets/status.js').read_text()))"
    )
    *templates, length = python(page).split()
    assert templates == ["body.html", "page.html"]
    assert int(length) > 100
