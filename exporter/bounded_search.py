"""Regular expressions of the configuration, on text that somebody else wrote.

Python's `re` can be held up for ever by a line that an attacker makes for it (OWASP, "Regular
expression Denial of Service"), and with it all that is read after. `regex` takes the same syntax,
and gives up after a time.
"""

from __future__ import annotations

import re

import regex

SECONDS = 0.02
"""For a short text; more than a thousand times what a sound expression needs."""
SECONDS_PER_CHARACTER = 1e-7


class PatternTimeoutError(Exception):
    """It takes too long to say whether a text matches."""


class BoundedPattern:
    """An expression that gives up.

    Parameters
    ----------
    pattern
        As Python's `re` has it.

    Attributes
    ----------
    groups
        Names of its groups.

    Raises
    ------
    ValueError
        If it is none.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self.groups = tuple(re.compile(pattern).groupindex)
            self._pattern = regex.compile(pattern, regex.VERSION0)
        except (re.error, regex.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is no regular expression of Python: {error}") from error

    def search(self, text: str) -> tuple[str | None, ...] | None:
        """Return what the groups match where the pattern first does, ``None`` if nowhere.

        Raises
        ------
        PatternTimeoutError
            If that takes too long.
        """
        try:
            found = self._pattern.search(text, timeout=_patience(text))
        except TimeoutError as error:
            raise PatternTimeoutError from error
        # The whole match makes a tuple even of one group.
        return None if found is None else found.group(0, *self.groups)[1:]

    def matches(self, text: str) -> bool:
        """Return whether all of a text matches.

        Raises
        ------
        PatternTimeoutError
            If that takes too long.
        """
        try:
            return self._pattern.fullmatch(text, timeout=_patience(text)) is not None
        except TimeoutError as error:
            raise PatternTimeoutError from error


def _patience(text: str) -> float:
    return SECONDS + SECONDS_PER_CHARACTER * len(text)
