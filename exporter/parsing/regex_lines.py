"""Lines of any layout, by a regular expression with named groups.

The expression is searched for anywhere in the line; ``^`` and ``$`` tie it to the ends. A group
that takes no part in the match is an absent field. ``[^"]*`` between delimiters costs time in
proportion to the line; nested quantifiers such as ``(a+)+`` may cost so much that a line is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from exporter.bounded_search import BoundedPattern, PatternTimeoutError
from exporter.parsing.text_lines import Cut, Refusal, shown


class Expression:
    """Cuts lines by an expression.

    Parameters
    ----------
    pattern
        With at least one named group.
    """

    reasons = ("no_match", "pattern_timeout")

    def __init__(self, pattern: BoundedPattern) -> None:
        self._pattern = pattern

    def cut(self, lines: Sequence[str]) -> Cut:
        """Cut lines, as :class:`exporter.parsing.text_lines.Cutter` says."""
        rows: list[tuple[str | None, ...]] = []
        refused: dict[int, Refusal] = {}
        for position, line in enumerate(lines):
            try:
                found = self._pattern.search(line)
            except PatternTimeoutError:
                problem = f"the pattern takes too long to match {shown(line)}"
                refused[position] = Refusal("pattern_timeout", problem)
                continue
            if found is None:
                problem = f"the pattern does not match {shown(line)}"
                refused[position] = Refusal("no_match", problem)
            else:
                rows.append(found)
        groups = self._pattern.groups
        columns = zip(*rows, strict=True) if rows else [()] * len(groups)
        return Cut(dict(zip(groups, columns, strict=True)), refused)
