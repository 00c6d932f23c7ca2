"""The documentation as a site: built strictly, complete, and without anything from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
_ASSET = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?([^\" >]+)")
_STYLE = re.compile(r"<link\b[^>]*rel=\"?(?:stylesheet|preconnect|icon)[^>]*\bhref=\"?([^\" >]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    """And the README as the first one."""
    pages = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")}
    built = {page.relative_to(site) for page in site.rglob("*.html")}
    assert pages | {Path("index.html"), Path("404.html")} == built


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """No script, style, font or picture: it works where there is no internet."""
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    assets = {asset for page in pages for asset in (*_ASSET.findall(page), *_STYLE.findall(page))}
    assert len(assets) > 5
    assert [asset for asset in assets if asset.startswith(("http:", "https:", "//"))] == []
    assert not any(
        "api.github.com" in page or 'data-md-component="source"' in page for page in pages
    )


def test_files_outside_of_the_documentation_are_links_to_the_repository(site: Path) -> None:
    """Of the front page as of all others."""
    front = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="https://github.com/modeltail/modeltail/blob/main/LICENSE"' in front
    assert 'href="configuration.html"' in front
    assert 'src="img/dataflow.svg"' in front
    page = (site / "first-hour.html").read_text(encoding="utf-8")
    assert "blob/main/prometheus/prometheus.yml" in page
