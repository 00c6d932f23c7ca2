from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from exporter import cli
from exporter.commands.streams import Streams
from exporter.config import Configuration, ModelSource
from exporter.parsing.of_model import prediction_parser
from exporter.parsing.syslog_lines import EitherSyslogLines, syslog_parser
from exporter.source import Parser
from tests.docs.markdown import DOCS, Block, blocks

PAGE = DOCS / "formats.md"
NOW = 1_800_000_000.0
SECTIONS = {"JSON": "json", "logfmt": "logfmt", "CSV": "csv", "Regular expressions": "regex"}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(*arguments: str) -> str:
    """Return what a command prints; it must find nothing wrong."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    assert cli.execute(arguments, streams) == 0, streams.out.getvalue() + streams.err.getvalue()
    return streams.out.getvalue()


def example(section: str) -> list[Block]:
    """Return the log and the configuration of a section."""
    return [block for block in blocks(PAGE, section) if block.title]


@pytest.mark.parametrize("section", SECTIONS)
def test_examples_are_read(section: str, written: Path) -> None:
    """Two records each; `check` has nothing to say, and `scan` counts what is in them."""
    log, configuration = example(section)
    for block in (log, configuration):
        (written / block.title).write_text(block.text, encoding="utf-8")
    lines = log.text.count("\n")
    checked = printed("check", "--config.file", "modeltail.yml")
    assert f"support_bot: 2 of {lines} lines parse\n" in checked
    assert "timestamp: in 100% of the records" in checked
    series = {
        (one["name"], one["labels"].get("class") or one["labels"].get("error_type")): one["value"]
        for one in map(
            json.loads,
            printed("scan", "--config.file", "modeltail.yml", "--format", "json").splitlines(),
        )
    }
    classes = {"CSV": ["refund", "refund; partly"], "Regular expressions": []}
    for label in classes.get(section, ["refund"]):
        assert series["model_predictions_total", label] == 1
    errors = {"CSV": None, "Regular expressions": "504"}
    error = errors.get(section, "TimeoutError")
    if error:
        assert series["model_errors_total", error] == 1


@pytest.mark.parametrize("section", SECTIONS)
def test_reasons_are_complete(section: str) -> None:
    """The section names every reason for which the format rejects a line, and no other."""
    options = {"pattern": "(?P<prediction>.)"} if section == "Regular expressions" else {}
    source = ModelSource.model_validate(
        {"name": "m", "paths": ("log",), "format": SECTIONS[section], **options}
    )
    text = PAGE.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    (rejected,) = re.findall(r"^Rejected: (.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    parser: Parser = prediction_parser(source, Configuration(models=(source,)), ())
    assert set(re.findall(r"`(\w+)`", rejected)) == set(parser.reasons)


def test_syslog(written: Path) -> None:
    """The three lines are one event; the page names every reason for which one is rejected."""
    log, configuration = example("Syslog")
    for block in (log, configuration):
        (written / block.title).write_text(block.text, encoding="utf-8")
    assert "hosts: 3 of 3 lines parse\n" in printed("check", "--config.file", "modeltail.yml")
    scanned = printed("scan", "--config.file", "modeltail.yml").splitlines()
    assert 'syslog_messages_total{host="web1",tag="sshd"} 3.0' in scanned
    page = PAGE.read_text(encoding="utf-8").split("## Syslog\n")[1]
    batch = syslog_parser("hosts").parse([line.encode() for line in log.text.splitlines()], NOW)
    (message,) = batch.batch.message.values
    assert message in page.replace("\n", " ")
    rejected = page.split("Rejected: ")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", rejected)) == set(EitherSyslogLines.reasons)


def test_features_of_the_csv_are_columns(written: Path) -> None:
    """With no prefix, the columns that are no field are features, and those alone."""
    log, configuration = example("CSV")
    (written / log.title).write_text(log.text, encoding="utf-8")
    (written / "modeltail.yml").write_text(configuration.text, encoding="utf-8")
    out = printed(
        "reference", "build", "--config.file", "modeltail.yml", "--model", "support_bot",
        "-o", "ref", "scores.csv",
    )  # fmt: skip
    columns = re.findall(r"^(\w+)  +(?:numeric|categorical)", out, re.MULTILINE)
    assert set(columns) == {"age", "plan", "prediction", "confidence"}
