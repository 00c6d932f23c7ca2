"""YAML with the line of every key, so that an error can say where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from exporter.errors import UsageError

Path = tuple[str | int, ...]

MOST_VALUES = 100_000
"""Aliases of aliases make billions out of ten lines."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML document.

    Attributes
    ----------
    data
        Plain maps, lists and scalars.
    lines
        1-based line of each key and list item, by its path from the root.
    """

    data: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of `path`, or of its nearest ancestor that the file contains."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str, name: str) -> Document:
    """Parse YAML.

    Raises
    ------
    UsageError
        If the text is no YAML, or a map says a key twice (YAML would silently keep the last).
    """
    try:
        return _read(yaml.SafeLoader(text), name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise UsageError(f"{where}: not valid YAML: {problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = text[error.position]
        raise UsageError(f"{name}:{line}: not valid YAML: it contains {character!r}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{name}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{name}: not valid YAML: nested too deeply") from error


def one_line(text: str) -> str:
    r"""Return a text in which line breaks and other control characters are escaped.

    >>> one_line("a\nb é")
    'a\\nb é'
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _read(loader: yaml.SafeLoader, name: str) -> Document:
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is not None:
            _collect(node, (), lines, name)
        return Document(None if node is None else loader.construct_document(node), lines)
    finally:
        loader.dispose()


def _collect(node: yaml.Node, path: Path, lines: dict[Path, int], name: str) -> None:
    if len(lines) >= MOST_VALUES:
        raise UsageError(f"{name}: more than {MOST_VALUES:,} values, those of aliases counted anew")
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = (*path, str(key.value))
            line = key.start_mark.line + 1
            if child in lines:
                where = f"{name}:{line}: {one_line('.'.join(map(str, child)))}"
                raise UsageError(f"{where}: the key is already set on line {lines[child]}")
            lines[child] = line
            _collect(value, child, lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _collect(value, (*path, position), lines, name)
