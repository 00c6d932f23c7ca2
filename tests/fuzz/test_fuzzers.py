"""Fuzzers: what they begin with passes, they find nothing in a few seconds, and they can find."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fuzz import parsing

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "fuzz" / "corpus"
TARGETS = sorted(
    path.stem for path in (ROOT / "fuzz" / "targets").glob("*.py") if path.stem != "__init__"
)
SECONDS = int(os.environ.get("MODELTAIL_FUZZ_SECONDS", "3"))


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: path.name)
def test_what_they_begin_with_passes(path):
    """Nothing raised, lost, counted twice, or dependent on how lines were cut into batches."""
    importlib.import_module(f"fuzz.targets.{path.parent.name}").fuzz(path.read_bytes())


def test_every_fuzzer_has_something_to_begin_with():
    """And there is one for each format, the configuration and compressed files."""
    assert sorted(path.name for path in CORPUS.iterdir()) == TARGETS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.timeout(120 + SECONDS)
def test_a_few_seconds_find_nothing(target, tmp_path):
    """No exception, nothing that takes a second or two gigabytes."""
    command = [sys.executable, "-m", "fuzz", target, f"--seconds={SECONDS}"]
    command.append(f"--keep={tmp_path / 'found'}")
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert "DONE" in result.stderr
    assert "inputs read 6 times" in result.stderr


@dataclass
class Parsed:
    """What a parser returns."""

    parsed: int
    batch: list = field(default_factory=list)
    rejected: dict = field(default_factory=dict)
    skipped: dict = field(default_factory=dict)


@pytest.mark.parametrize(
    "count",
    [lambda lines: len(lines) - (b"x" in lines), lambda lines: len(lines) // 2 * 2],
    ids=["one is lost", "it depends on the others"],
)
def test_a_parser_that_loses_lines_is_found(count):
    """Whichever way it does."""

    class Losing:
        def parse(self, lines, received):
            return Parsed(count([bytes(line) for line in lines]))

    with pytest.raises(AssertionError):
        parsing.check(Losing(), b"a\nx\nb")
