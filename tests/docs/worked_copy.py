"""A copy of the project to which the worked examples of a page are applied."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.docs.markdown import ROOT, Block


class WorkedCopy:
    """The project as it is after somebody has followed a page.

    A block with a title is that file; where its language is ``diff``, it changes that file: the
    lines without ``+`` occur there, exactly once, and those with ``-`` go. ``@@`` parts changes.
    """

    def __init__(self, directory: Path, parts: Iterable[str]) -> None:
        self.directory = directory
        for part in ("pyproject.toml", *parts):
            source, target = ROOT / part, directory / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)

    def apply(self, blocks: Iterable[Block]) -> None:
        """Write and change the files that the blocks name."""
        for block in blocks:
            if not block.title:
                continue
            path = self.directory / block.title
            if block.language == "diff":
                text = path.read_text(encoding="utf-8")
                path.write_text(_patched(text, block), encoding="utf-8")
            else:
                assert not path.exists(), f"{block}: is there already"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")

    def run(self, *command: str) -> str:
        """Run a command in the copy and return what it prints; it must succeed."""
        done = subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pytest(self, *paths: str) -> None:
        """Run tests of the copy."""
        self.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)

    def modeltail(self, *arguments: str) -> str:
        """Run the command of the copy, not the installed one."""
        program = "from exporter.cli import main; main()"
        return self.run(sys.executable, "-c", program, *arguments)


def _patched(text: str, block: Block) -> str:
    for hunk in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        assert {line[0] for line in lines} <= {" ", "+", "-", "\n"}, f"{block}: no diff"
        before = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
        after = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
        assert text.count(before) == 1, f"{block}: found {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text
