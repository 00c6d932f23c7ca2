"""Messages to templates: what remains of a line once its variable words are gone.

A message that is the same as one before, its digits aside, is looked up. Only a new one is taken
to the words that programs fill in, as Drain does it (He et al., Drain: An Online Log Parsing
Approach with Fixed Depth Tree, ICWS 2017): among the templates of the same program, number of
words and first word, the most similar one takes it in, if similar enough, and has a wildcard from
then on where they differ. A template keeps its number whatever it becomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import MAX_STATES
from exporter.markov.pages import Pages, in_order

Integers = NDArray[np.int64]

START, END = 0, 1
"""States that are no lines: before a host's or process's first one, and after a process's last."""
WILDCARD = "<*>"
SIMILARITY = 0.6
"""Share of words that must be the same; words that are wildcards already count half."""
_NO_DIGITS = str.maketrans("", "", "0123456789")
_MEMO_CHARACTERS = 16 << 20
_CHARACTERS_OF_AN_ENTRY = 100

_Group = tuple[str, int, str]


class Templates:
    """Numbers for templates, by program.

    Parameters
    ----------
    capacity
        How many templates there may be; what is new beyond that is, for each program, one.
    """

    def __init__(self, capacity: int = 1 << 15) -> None:
        self._capacity = min(capacity, MAX_STATES // 2)
        self._words: list[tuple[str, ...]] = [(), ()]
        self._tags: list[str] = ["", ""]
        self._groups: dict[_Group, list[int]] = {}
        self._others: dict[str, int] = {}
        self._pages = Pages(self.__len__, self._page)
        self._memo: dict[tuple[str, str], int] = {}
        self._memo_characters = 0
        self.merged = 0
        """Templates that were not made, since there are as many as there may be."""

    def __len__(self) -> int:
        return len(self._words)

    def encode(self, messages: Sequence[str], tags: Sequence[str]) -> Integers:
        """Return int64[n], the templates of messages of some tags; new ones are made."""
        memo = self._memo
        found = np.empty(len(messages), dtype=np.int64)
        for place, key in enumerate(zip(tags, messages, strict=True)):
            state = memo.get(key)
            found[place] = self._remember(key) if state is None else state
        return found

    def text(self, state: int) -> str:
        """Return a template as people read it."""
        if state in (START, END):
            return "the beginning" if state == START else "the end"
        return " ".join(self._words[state]) or WILDCARD

    def words(self, state: int) -> tuple[str, ...]:
        """Return its words."""
        return self._words[state]

    def tag(self, state: int) -> str:
        """Return the program that logs it."""
        return self._tags[state]

    def _remember(self, key: tuple[str, str]) -> int:
        # Attacked hosts log user names without end: the memo starts again when it is full.
        self._memo_characters += len(key[1]) + _CHARACTERS_OF_AN_ENTRY
        if self._memo_characters > _MEMO_CHARACTERS:
            self._memo.clear()
            self._memo_characters = len(key[1]) + _CHARACTERS_OF_AN_ENTRY
        state = self._memo[key] = self._state(*key)
        return state

    def _state(self, tag: str, message: str) -> int:
        # Numbers leave spaces behind, which keep the words in their places.
        return self.take_in(
            tag, tuple(message.removeprefix(f"{tag.translate(_NO_DIGITS)}: ").split(" "))
        )

    def take_in(self, tag: str, words: tuple[str, ...]) -> int:
        """Return the template of some words, a new one if there is none; of none that of others."""
        if not words:
            return self._other(tag)
        name = (tag, len(words), words[0])
        group = self._groups.get(name, ())
        best, most = -1, 0.0
        for state in group:
            similar = _similarity(self._words[state], words)
            if similar > most:
                best, most = state, similar
        if most >= SIMILARITY:
            if most < 1:
                self._pages.touch(np.array([best]))
                self._words[best] = tuple(
                    mine if mine == other else WILDCARD
                    for mine, other in zip(self._words[best], words, strict=True)
                )
            return best
        if len(self._words) >= self._capacity:
            self.merged += 1
            return self._other(tag)
        state = self._made(tag, words)
        self._groups.setdefault(name, []).append(state)
        return state

    def _made(self, tag: str, words: tuple[str, ...]) -> int:
        self._words.append(words)
        self._tags.append(tag)
        self._pages.touch(np.array([len(self._words) - 1]))
        return len(self._words) - 1

    def _other(self, tag: str) -> int:
        """Return the template of all lines of a program that there is no more room for."""
        if tag not in self._others and len(self._others) >= self._capacity:
            # Programs without end are one program as well.
            tag = ""
        if tag not in self._others:
            self._others[tag] = self._made(tag, ())
        return self._others[tag]

    def _page(self, part: slice) -> list[list[Any]]:
        words, tags = self._words[part], self._tags[part]
        return [[tag, *each] for tag, each in zip(tags, words, strict=True)]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage; the memo fills again by itself."""
        return {"pages": self._pages, "merged": self.merged}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._words, self._tags, self._groups, self._others = [], [], {}, {}
        for page in in_order(state["pages"]):
            for tag, *words in page:
                self._tags.append(tag)
                self._words.append(tuple(words))
        for number in range(END + 1, len(self._words)):
            words, tag = self._words[number], self._tags[number]
            if words:
                self._groups.setdefault((tag, len(words), words[0]), []).append(number)
            else:
                self._others[tag] = number
        self.merged = int(state["merged"])
        self._memo = {}
        self._memo_characters = 0
        self._pages.touch_all()


def _similarity(template: tuple[str, ...], words: tuple[str, ...]) -> float:
    score = 0.0
    for mine, other in zip(template, words, strict=True):
        if mine == other:
            score += 1.0
        elif mine == WILDCARD:
            score += 0.5
    return score / len(words)
