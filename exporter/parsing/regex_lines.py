"""Lines of any layout, by a regular expression with named groups.

The expression is searched for anywhere in the line; ``^`` and ``$`` tie it to the ends. A group
that takes no part in the match is an absent field. Syntax and speed are those of Python's `re`:
``[^"]*`` between delimiters costs time in proportion to the line, nested quantifiers such as
``(a+)+`` may take for ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from exporter.parsing.text_lines import Cut, Refusal, shown


class Expression:
    """Cuts lines by an expression.

    Parameters
    ----------
    pattern
        With at least one named group.
    """

    reasons = ("no_match",)

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._groups = tuple(pattern.groupindex)

    def cut(self, lines: Sequence[str]) -> Cut:
        """Cut lines, as :class:`exporter.parsing.text_lines.Cutter` says."""
        matches = list(map(self._pattern.search, lines))
        refused = {
            position: Refusal("no_match", f"the pattern does not match {shown(lines[position])}")
            for position, match in enumerate(matches)
            if match is None
        }
        # The whole match makes a tuple even of one group.
        rows = [match.group(0, *self._groups) for match in matches if match is not None]
        _, *columns = zip(*rows, strict=True) if rows else [()] * (len(self._groups) + 1)
        return Cut(dict(zip(self._groups, columns, strict=True)), refused)
