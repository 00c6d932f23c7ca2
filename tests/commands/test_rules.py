from __future__ import annotations

import io

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.slo.plan import Plan
from exporter.slo.rule_file import render

PROMISE = """
models:
  - {name: bot, paths: [bot.jsonl], slo: {latency: {objective: 0.99, below_seconds: 0.2}}}
"""


@pytest.fixture
def configuration(tmp_path):
    """Return a configuration with one objective."""
    path = tmp_path / "modeltail.yml"
    path.write_text(PROMISE)
    return path


def generate(*arguments):
    """Return the exit code and what was written to the streams."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    code = execute(["rules", "generate", *map(str, arguments)], streams)
    return code, streams.out.getvalue(), streams.err.getvalue()


def test_rules_go_to_standard_output(configuration):
    """And nothing else does."""
    assert generate("--config.file", configuration) == (0, render(Plan((30,), (0.2,))), "")


def test_rules_go_to_a_file(configuration, tmp_path):
    """Nothing is printed; an older file is replaced."""
    rules = tmp_path / "slo.yml"
    rules.write_text("old")
    assert generate("--config.file", configuration, "-o", rules) == (0, "", "")
    assert rules.read_text() == render(Plan((30,), (0.2,)))


def test_a_file_that_can_not_be_written_is_a_mistake(configuration, tmp_path):
    """Exit code 2, and why."""
    code, out, err = generate("--config.file", configuration, "-o", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"modeltail: {tmp_path}: can't be written: Is a directory\n"


def test_nothing_promised_is_a_mistake(configuration):
    """Exit code 2: an empty file would look like rules."""
    configuration.write_text("models: [{name: bot, paths: [a]}]\n")
    code, out, err = generate("--config.file", configuration)
    assert (code, out) == (2, "")
    assert "no model has objectives (`slo`)" in err
