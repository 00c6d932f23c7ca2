from __future__ import annotations

import io

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.docs.markdown import DOCS, blocks

PAGE = DOCS / "data-quality.md"


def test_the_example_shows_what_it_says(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's log, read with the page's first configuration, gives the page's metrics."""
    monkeypatch.chdir(tmp_path)
    shown = {}
    for block in blocks(PAGE):
        if block.title and block.title not in shown:
            shown[block.title] = block.text
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    out = io.StringIO()
    command = ["scan", "--config.file", "modeltail.yml"]
    assert execute(command, Streams(out, io.StringIO(), io.BytesIO())) == 0
    found = [
        line
        for line in out.getvalue().splitlines()
        if not line.startswith("#")
        and ("features.age" in line or "violating" in line or "checked" in line)
    ]
    assert found == shown["metrics"].splitlines()
