from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.docs.markdown import DOCS, blocks

PAGE = DOCS / "references.md"
LABEL = re.compile(r"\b[0-9a-f]{8}\b")


def test_the_example_shows_what_it_says(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the example, one after the other, prints what the page says."""
    monkeypatch.chdir(tmp_path)
    titled = [block for block in blocks(PAGE) if block.title]
    for block in titled:
        if block.title != "example":
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    subprocess.run([sys.executable, "make_log.py"], check=True, timeout=60)
    examples = [block.text for block in titled if block.title == "example"]
    assert len(examples) == 5
    # The last bits of a mean depend on the processor, and labels depend on them.
    labels: dict[str, str] = {}
    for text in examples:
        known = LABEL.sub(lambda found: labels.get(found[0], found[0]), text)
        command, _, expected = known.partition("\n")
        out = io.StringIO()
        words = shlex.split(command.removeprefix("$ modeltail "))
        assert execute(words, Streams(out, out, io.BytesIO())) == 0
        printed = out.getvalue()
        labels.update(zip(LABEL.findall(expected), LABEL.findall(printed), strict=True))
        assert printed == LABEL.sub(lambda found: labels[found[0]], expected)
