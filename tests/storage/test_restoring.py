"""State goes from owners to others of the same name, with and without storage between them."""

from __future__ import annotations

from exporter.storage.restoring import copied, restore, restore_positions
from tests.storage.kept import Kept
from tests.storage.test_archive import Shelf


class Owner:
    """Has rows and an archive, and refuses a state that has no number."""

    def __init__(self, number: int = 0) -> None:
        self.changed = False
        self.number = number
        self.rows = Kept()
        self.shelf = Shelf()
        self.positions = None

    def dump(self):
        return {"number": self.number, "rows": self.rows, "shelf": self.shelf}

    def load(self, state):
        self.number = state["number"]
        self.rows = Kept(**state["rows"])
        rows = state["shelf"]
        self.shelf.put(**(rows if isinstance(rows, dict) else rows.plain()))

    def load_positions(self, state):
        self.positions = state["number"]


def test_a_copy_is_what_storage_would_give_back():
    """Rows and archives are plain maps in it, and nothing is shared with who gave it."""
    former, later = Owner(3), Owner()
    former.rows.set(a=[1], b={"c": 2})
    former.shelf.put(old="x", older="y")
    state = copied({"source/s": former})
    former.rows.values["a"].append(2)
    assert restore({"source/s": later}, {}, state) == 0
    assert later.number == 3
    assert later.rows.values == {"a": [1], "b": {"c": 2}}
    assert later.shelf.in_memory == {"old": "x", "older": "y"}


def test_a_group_that_does_not_fit_starts_at_0():
    """The others are restored."""
    source, fits, misfit = Owner(), Owner(), Owner(7)
    parts = {**copied({"s": Owner(1), "a": Owner(2)}), "b": {}}
    assert restore({"s": source}, {"a": fits, "b": misfit}, parts) == 1
    assert (source.number, fits.number, misfit.number) == (1, 2, 7)


def test_a_source_that_does_not_fit_has_all_start_at_0():
    """Lines that are read again must not be added to counts that hold them."""
    source, other, group = Owner(), Owner(), Owner()
    parts = {**copied({"s": Owner(1), "g": Owner(2)}), "o": {}}
    assert restore({"s": source, "o": other}, {"g": group}, parts) == 1
    assert (source.number, other.number, group.number) == (0, 0, 0)


def test_positions_alone():
    """Counts stay as they are."""
    source, absent = Owner(5), Owner(6)
    parts = copied({"s": Owner(1)})
    assert restore_positions({"s": source, "o": absent}, parts) == 0
    assert (source.positions, source.number, absent.positions) == (1, 5, None)
