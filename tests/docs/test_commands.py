from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter import cli
from tests.docs.markdown import PAGES, ROOT, blocks, name

SHELL = ("sh", "console")
COMMAND_LINES = [
    pytest.param(line, id=f"{name(page)}: {line[:60]}")
    for page in PAGES
    for block in blocks(page)
    if block.language in SHELL
    for line in (one.removeprefix("$ ") for one in block.text.replace("\\\n", "").splitlines())
    if re.match(r"(?:\S*/)?modeltail ", line)
]
OTHER_FLAGS = {
    "--no-monitor.NAME",  # NAME stands for a monitor.
    "--no-monitor.guesses",  # Of the worked example, whose own test asks for it.
    "--once",  # Of the demo.
    "--enable-feature",  # Of Prometheus.
}


def parsers(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield every command of the parser with its flags."""
    yield path, set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, inner in action.choices.items():
                yield from parsers(inner, f"{path} {command}".strip())


KNOWN = dict(parsers(cli.parser()))


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_command_lines_parse(line: str) -> None:
    """Whoever copies a command line from the documentation gets no usage error."""
    command = re.split(r" \| | > |  #", line)[0]
    cli.parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_flags_in_the_text_exist(page: Path) -> None:
    """A flag in inline code, alone or after `modeltail`, is one that some command knows."""
    known = set().union(*KNOWN.values()) | OTHER_FLAGS
    for code in re.findall(r"(?<!`)`((?:--|modeltail )[^`\n]+)`(?!`)", page.read_text("utf-8")):
        for flag in re.findall(r"(?<!\S)--[a-z][\w.-]*", code):
            assert flag in known, code


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_the_text_exist(page: Path) -> None:
    """`modeltail COMMAND` in inline code is a command."""
    first_words = {path.split()[0] for path in KNOWN if path}
    for code in re.findall(r"(?<!`)`modeltail ([^`\n]+)`(?!`)", page.read_text(encoding="utf-8")):
        words = re.findall(r"^[a-z]+|(?<= )[a-z]+", code.split(" -")[0])
        assert words[0] in first_words, code
        subcommands = {path for path in KNOWN if path.startswith(f"{words[0]} ")}
        if subcommands and len(words) > 1:
            assert " ".join(words[:2]) in subcommands, code


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_exist(page: Path) -> None:
    """`make TARGET` is a target of the Makefile, in code and in blocks."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
