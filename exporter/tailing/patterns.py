"""Path patterns, taken apart at their slashes and compiled."""

from __future__ import annotations

import fnmatch
import glob
import re
from functools import lru_cache
from typing import NamedTuple

STDIN = "-"
"""The path that stands for standard input."""


class Component(NamedTuple):
    """What stands between two slashes of a pattern.

    Attributes
    ----------
    text
        As it is written.
    regex
        Matches the names that it stands for; ``None`` where it stands for itself.
    """

    text: str
    regex: re.Pattern[str] | None


FOLDERS = Component("**", None)
"""Stands for any number of folders, also for none."""


@lru_cache(maxsize=None)  # noqa: UP033  # Patterns are those of the configuration.
def components(pattern: str) -> tuple[Component, ...]:
    """Take a pattern apart; slashes at its begin and end, and doubled ones, say nothing.

    >>> [component.text for component in components("/var/log//**/**/*.log")]
    ['var', 'log', '**', '*.log']
    """
    parts: list[Component] = []
    for text in filter(None, pattern.split("/")):
        part = _component(text)
        if not (part is FOLDERS and parts and parts[-1] is FOLDERS):
            parts.append(part)
    return tuple(parts)


def _component(text: str) -> Component:
    if text == FOLDERS.text:
        return FOLDERS
    if not glob.has_magic(text):
        return Component(text, None)
    # A leading dot is matched by a dot alone.
    visible = "" if text.startswith(".") else r"(?!\.)"
    return Component(text, re.compile(visible + fnmatch.translate(text)))
