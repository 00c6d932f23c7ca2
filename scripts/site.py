"""Hooks of the site: the README is its front page, files outside of docs/ are in the repository.

https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = "docs/"
FRONT = "index.md"
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s]+)(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the README as a page."""
    readme = Path(config.config_file_path).with_name("README.md")
    files.append(File.generated(config, FRONT, content=readme.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to where a page or file is for a reader of the site."""
    folder = "" if page.file.src_uri == FRONT else posixpath.dirname(DOCS + page.file.src_uri)

    def led(link: re.Match[str]) -> str:
        target, mark, anchor = link[1].partition("#")
        # In the repository, from its top.
        path = posixpath.normpath(posixpath.join(folder, target))
        if not path.startswith(DOCS) or files.get_file_from_path(path.removeprefix(DOCS)) is None:
            return f"{config.extra['repository']}/blob/main/{path}{mark}{anchor}"
        if page.file.src_uri == FRONT:
            return f"{path.removeprefix(DOCS)}{mark}{anchor}"
        return link[0]

    return _LINK.sub(led, markdown)
