"""What the documentation holds: fenced code blocks and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
)

_FENCE = re.compile(
    r"^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block; `title` names the file that it is, or changes."""

    page: str
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.title or self.text.splitlines()[0]}"


def name(page: Path) -> str:
    """Return how a page is named in messages."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, section: str = "") -> list[Block]:
    """Return the code blocks of a page, or of the section with this heading alone."""
    text = page.read_text(encoding="utf-8")
    if section:
        text = next(part for part in _sections(text) if part.split("\n", 1)[0] == section)
    return [
        Block(name(page), match["language"], match["title"] or "", match["text"])
        for match in _FENCE.finditer(text)
    ]


def _sections(text: str) -> list[str]:
    # A heading inside a block is a comment of that block.
    starts = [0]
    for match in re.finditer(r"^#+ |^```", text, re.MULTILINE):
        fences = text.count("\n```", 0, match.start() + 1)
        if match[0].startswith("#") and fences % 2 == 0:
            starts.append(match.start())
    return [
        text[start:end].lstrip("# ") for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures outside of code blocks."""
    text = page.read_text(encoding="utf-8")
    return _LINK.findall(_FENCE.sub("", text)) + re.findall(r'(?:src|href)="([^"]+)"', text)


def anchors(page: Path) -> set[str]:
    """Return the anchors that headings make, as GitHub names them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
