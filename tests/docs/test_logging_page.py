from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from exporter.logging import EventFields
from exporter.parsing.fields import MEASURED_FIELDS, RECORD_FIELDS
from exporter.parsing.json_lines import JsonLines
from tests.docs.markdown import DOCS, Block, blocks

PAGE = DOCS / "logging.md"
ROWS = re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|) ?\|", PAGE.read_text("utf-8"), re.MULTILINE)
EXAMPLES = [block for block in blocks(PAGE) if block.language == "python"]


def test_every_field_of_the_schema_is_explained() -> None:
    """The table has the fields of the schema in order, and says which are read."""
    assert [field for field, _ in ROWS] == list(RECORD_FIELDS)
    assert {field for field, read in ROWS if read} == set(MEASURED_FIELDS)


def test_the_logger_takes_every_field() -> None:
    """What the table lists can be logged, the outcome by its own argument."""
    outcomes = {"prediction", "error"}
    assert {field for field, _ in ROWS} - outcomes == set(get_type_hints(EventFields))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and leave no handler behind."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    shared = logging.getLogger("predictions")
    for handler in [*shared.handlers]:
        shared.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize(
    ("example", "predictions"),
    [
        *zip(
            EXAMPLES,
            [["refund", None, None], [None, "refund", "invoice"], ["refund"]],
            strict=True,
        )
    ],
    ids=["to_file", "timed", "dictConfig"],
)
def test_examples_log_what_the_exporter_reads(
    example: Block, predictions: list[str | None], elsewhere: Path
) -> None:
    """Each example runs as it stands, and the exporter's parser reads every line of it."""
    names: dict[str, object] = {}
    exec(compile(example.text, str(example), "exec"), names)
    names["log"].close()
    lines = (elsewhere / "predictions.jsonl").read_bytes().splitlines()
    parsed = JsonLines(features=["age", "plan"]).parse(lines, received=4e9)
    assert parsed.parsed == len(lines) == len(predictions)
    assert not parsed.batch.invalid
    assert not +parsed.batch.violations
    assert parsed.batch.prediction.decode() == predictions
    if predictions[1:] == [None, None]:
        assert parsed.batch.error_type.decode() == [None, "TimeoutError", None]
        assert parsed.batch.features["age"].numeric()[0] == 42
        assert parsed.batch.label.decode() == [None, None, "invoice"]
