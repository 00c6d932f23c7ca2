from __future__ import annotations

from pathlib import PurePath

import pytest

from exporter import config
from exporter.parsing.of_model import prediction_parser
from tests.docs.markdown import DOCS, Block, blocks

PAGE = DOCS / "recipes.md"
LOGS = {"Containers": 2, "Latency and errors from nginx": 2}
"""Sections that show a log, and how many records it holds."""


def titled(section: str, suffix: str) -> Block:
    """Return the block of a section that is a file whose name ends so."""
    (block,) = [block for block in blocks(PAGE, section) if block.title.endswith(suffix)]
    return block


@pytest.mark.parametrize("section", LOGS)
def test_logs_fit_their_configuration(section: str) -> None:
    """A path matches the file that is shown, and every line of it is read."""
    log = titled(section, ".log")
    configuration = config.parse(titled(section, "modeltail.yml").text, section)
    (model,) = configuration.models
    assert any(PurePath(log.title).match(path) for path in model.paths)
    lines = [line.encode() for line in log.text.splitlines()]
    parsed = prediction_parser(model, configuration, ()).parse(lines, received=4e9)
    assert parsed.parsed == len(lines) == LOGS[section]
    assert not parsed.batch.invalid
    assert not +parsed.batch.violations


def test_a_rotated_file_is_still_matched() -> None:
    """What logrotate is told to rotate without compressing it stays among the paths."""
    for section, kind in (
        ("Rotation that loses nothing", "models"),
        ("Syslog from the network", "syslog"),
    ):
        (rotated,) = [
            block for block in blocks(PAGE, section) if block.title.startswith("/etc/logrotate.d/")
        ]
        pattern = rotated.text.split(" {")[0]
        assert "delaycompress" in rotated.text
        assert "copytruncate" not in rotated.text
        (source,) = getattr(config.parse(titled(section, ".yml").text, section), kind)
        assert source.paths == (pattern, f"{pattern}.1")
