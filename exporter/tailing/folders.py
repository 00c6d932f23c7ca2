"""Which folders matter, and which of their entries."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Interest:
    """What matters in one folder; everything else that happens in it is none of our business.

    Attributes
    ----------
    names, patterns
        Entries by name: files that are followed, and folders on the way to them.
    below
        Whether all its folders matter, but hidden ones (``**``).
    contents
        Whether files in it are followed, so that it matters when one is written to.
    aliases
        Paths by name of an entry: symbolic links from elsewhere under which it is followed.
    """

    names: set[str] = field(default_factory=set)
    patterns: set[re.Pattern[str]] = field(default_factory=set)
    below: bool = False
    contents: bool = False
    aliases: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: Interest) -> None:
        """Let matter what matters to another source as well."""
        self.names |= other.names
        self.patterns |= other.patterns
        self.below |= other.below
        self.contents |= other.contents
        for name, paths in other.aliases.items():
            self.aliases.setdefault(name, set()).update(paths)

    def matters(self, name: str, *, is_folder: bool = False) -> bool:
        """Return whether an entry can be, or lead to, a file that is followed."""
        return (
            name in self.names
            or name in self.aliases
            or (is_folder and self.below and not name.startswith("."))
            or any(pattern.match(name) for pattern in self.patterns)
        )

    def paths(self, folder: str, name: str) -> Iterator[str]:
        """Yield the paths under which an entry of `folder` that matters is followed."""
        if self.contents:
            yield os.path.join(folder, name)
        yield from self.aliases.get(name, ())


Folders = Mapping[str, Interest]
"""By path, as the patterns have it; the empty path is the working directory."""


def merge(of_sources: Iterator[Folders]) -> dict[str, Interest]:
    """Return what matters to any source."""
    merged: dict[str, Interest] = {}
    for folders in of_sources:
        for folder, interest in folders.items():
            merged.setdefault(folder, Interest()).add(interest)
    return merged
