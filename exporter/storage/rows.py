"""State that is stored row by row, so that a commit writes only the rows that changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


class Rows(ABC):
    """Part of a dumped state: a map from row keys to values of which few change at a time.

    Owners put one in what they dump, where others put a plain map; loading gives a plain map back.
    It is read before the owner changes again, in the owner's thread. Values may hold more of them.

    Two that compare as equal have the same owner: their versions can be compared. The owner may
    hand out one and the same again and again; of another one all values are looked at.
    """

    @abstractmethod
    def versions(self) -> Mapping[str, int]:
        """Return for each row that exists a number that differs whenever its value does.

        A row that was gone for a while gets a number that it did not have before.
        """

    @abstractmethod
    def value(self, key: str) -> Any:
        """Return what is to be stored of a row, as a copy that its owner does not change."""

    def plain(self) -> dict[str, Any]:
        """Return all rows."""
        return {key: self.value(key) for key in self.versions()}


class LostError(Exception):
    """A row that is in storage can't be read."""


ReadKey = Callable[[str], Any]
"""Reads a row by its key, each time anew; raises :class:`LostError` if that fails."""


@dataclass(frozen=True, slots=True)
class ArchivedRows:
    """What loading gives back for an :class:`Archive`, if it can be read in storage for long.

    Attributes
    ----------
    keys
        Of its rows.
    read
        Reads one.
    """

    keys: tuple[str, ...]
    read: ReadKey

    def plain(self) -> dict[str, Any]:
        """Return all rows."""
        return {key: self.read(key) for key in self.keys}


class Archive(ABC):
    """Part of a dumped state: rows that never change, which storage keeps for their owner.

    Unlike :class:`Rows` they need not be in memory once they are stored; the owner reads them when
    it needs them. It is read, and told, in the owner's thread. Loading gives back a plain map or
    :class:`ArchivedRows`. It lies in no :class:`Rows`.
    """

    @abstractmethod
    def existing(self) -> Collection[str]:
        """Return the keys of all rows that are to exist."""

    @abstractmethod
    def fresh(self) -> Collection[str]:
        """Return those of them that are not in storage yet."""

    @abstractmethod
    def value(self, key: str) -> Any:
        """Return what is, or is to be, stored of a row."""

    @abstractmethod
    def stored(self, keys: Collection[str], read: ReadKey) -> None:
        """Take in that some rows, of which a few may be gone by now, can be read from storage."""

    def plain(self) -> dict[str, Any]:
        """Return all rows."""
        return {key: self.value(key) for key in self.existing()}
