"""State that is stored row by row, so that a commit writes only the rows that changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
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
