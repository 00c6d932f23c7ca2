from __future__ import annotations

import io
from pathlib import Path

import pytest

from exporter import cli
from exporter.commands.streams import Streams
from tests.docs.markdown import ROOT, blocks

README = ROOT / "README.md"
TITLED = {block.title: block.text for block in blocks(README) if block.title}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the README, beside its log."""
    for name in ("predictions.jsonl", "modeltail.yml"):
        (tmp_path / name).write_text(TITLED[name], encoding="utf-8")
    return tmp_path / "modeltail.yml"


def printed(*arguments: str) -> str:
    """Return what a command prints; it must find nothing wrong."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    assert cli.execute(arguments, streams) == 0, streams.err.getvalue()
    return streams.out.getvalue()


def test_check_is_content(config: Path) -> None:
    """The first command of the README finds no problem in its log."""
    assert "4 of 4 lines parse" in printed("check", "--config.file", str(config))


def test_scan_prints_what_the_readme_shows(config: Path) -> None:
    """Every line that is shown is printed, to the last digit."""
    shown = TITLED["lines that modeltail scan prints"].splitlines()
    assert len(shown) == 6
    assert set(shown) <= set(printed("scan", "--config.file", str(config)).splitlines())


def test_alerts_of_the_readme_exist() -> None:
    """Every alert in the table has a runbook."""
    table = README.read_text(encoding="utf-8").split("## What you get\n")[1].split("\n## ")[0]
    cells = [line.split("|")[3] for line in table.splitlines() if line.startswith("| ")][2:]
    alerts = [word.removesuffix(" and more") for cell in cells for word in cell.strip().split(", ")]
    assert len(alerts) >= 15
    for alert in alerts:
        assert (ROOT / "docs" / "runbooks" / f"{alert.lower()}.md").is_file(), alert
