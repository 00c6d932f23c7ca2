from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exporter.storage.ledger import Ledger
from tests.storage.kept import Kept, apply, plain, restored


def committed(ledger: Ledger, **states) -> list[str]:
    """Stage and settle; return the paths that were written."""
    staged = ledger.stage(states)
    ledger.settle(staged)
    return [path for changes in staged.values() for path in changes.written]


def test_only_rows_whose_version_changed_are_read_and_written():
    """And the rest of the state only if its bytes differ."""
    ledger, rows = Ledger(), Kept(a=1, b=2)
    assert committed(ledger, part={"n": 1, "rows": rows}) == ["", "/rows/a", "/rows/b"]
    rows.read.clear()
    rows.set(b=3)
    assert committed(ledger, part={"n": 1, "rows": rows}) == ["/rows/b"]
    assert rows.read == ["b"]
    assert committed(ledger, part={"n": 2, "rows": rows}) == [""]
    assert committed(ledger, part={"n": 2, "rows": rows}) == []
    assert rows.read == ["b"]


def test_a_row_that_is_put_again_as_it_was_is_not_written():
    """Its version says that it may have changed, its bytes that it has not."""
    ledger, rows = Ledger(), Kept(a=1)
    committed(ledger, part=rows)
    assert committed(ledger, part=rows.set(a=1)) == []


def test_what_lies_in_a_row_of_the_same_version_is_not_looked_at():
    """An idle version of a model costs a comparison."""
    ledger, inner = Ledger(), Kept(a=1)
    outer = Kept(monitor={"rings": inner})
    committed(ledger, part=outer)
    inner.read.clear()
    inner.set(a=2)
    assert committed(ledger, part=outer) == []
    assert committed(ledger, part=outer.set(monitor={"rings": inner})) == ["/monitor/rings/a"]


def test_what_was_not_settled_is_staged_again():
    """A commit that failed is made good by the next one."""
    ledger, rows = Ledger(), Kept(a=1)
    committed(ledger, part=rows)
    ledger.stage({"part": rows.set(a=2, b=1)})
    rows.drop("b")
    staged = ledger.stage({"part": rows.set(c=1)})["part"]
    assert (set(staged.written), staged.removed) == ({"/a", "/c"}, set())


def test_rows_that_are_gone_are_removed_with_all_in_them():
    """Also when a whole map of rows is gone."""
    ledger = Ledger()
    outer = Kept(x={"rings": Kept(a=1)}, y={"rings": Kept(a=1)})
    committed(ledger, part={"outer": outer, "files": Kept(f=1)})
    outer.drop("x")
    staged = ledger.stage({"part": {"outer": outer}})
    assert staged["part"].removed == {"/outer/x", "/outer/x/rings/a", "/files/f"}
    ledger.settle(staged)
    assert not ledger.stage({"part": {"outer": outer}})["part"]


def test_versions_of_another_owner_are_not_compared():
    """A version of a model that expired and came back counts from 1 again."""
    ledger = Ledger()
    committed(ledger, part={"rows": Kept(a=1, b=1)})
    assert committed(ledger, part={"rows": Kept(a=2, b=1)}) == ["/rows/a"]


def test_what_was_read_from_storage_is_not_written_again():
    """Rows of which nothing is left are removed."""
    before, stored = Ledger(), {}
    staged = before.stage({"part": {"n": 1, "rows": Kept(a=1, b=2)}})
    apply(stored, staged)
    after = Ledger()
    after.adopt(stored)
    staged = after.stage({"part": {"n": 1, "rows": Kept(a=1, c=3)}})["part"]
    assert (set(staged.written), staged.removed) == ({"/rows/c"}, {"/rows/b"})


def test_what_is_unknown_is_written_anew():
    """Until it was."""
    ledger, rows = Ledger(), Kept(a=1)
    committed(ledger, part=rows)
    ledger.forget(["part"])
    for _ in range(2):
        staged = ledger.stage({"part": rows})
        assert staged["part"].anew
        assert set(staged["part"].written) == {"", "/a"}
    ledger.settle(staged)
    assert not ledger.stage({"part": rows})["part"]


def test_a_state_that_can_not_be_encoded_is_not_staged():
    """The caller learns it."""
    with pytest.raises(TypeError):
        Ledger().stage({"part": Kept(a=object())})


class Storing(RuleBasedStateMachine):
    """Whatever changes, fails and restarts: storage holds the state of the last commit."""

    names = st.sampled_from(["a", "b/c", ""])

    @initialize()
    def begin(self) -> None:
        """Nothing is stored."""
        self.ledger, self.stored = Ledger(), {}
        self.versions: dict[str, Kept] = {}
        self.count = 0
        self.expected = None

    @rule(version=names, ring=st.integers(0, 1), slot=names, value=st.integers(0, 3))
    def count_in(self, version, ring, slot, value) -> None:
        """Change one slot of one version."""
        fresh = Kept(m={"rings": [{"s": Kept()}, {"s": Kept()}]})
        monitors = self.versions.setdefault(version, fresh)
        state = monitors.values["m"]
        state["rings"][ring]["s"].set(**{slot: value})
        monitors.set(m=state)
        self.count += 1

    @rule(version=names, slot=names)
    def clear(self, version, slot) -> None:
        """Drop a slot for good."""
        if version in self.versions:
            rings = self.versions[version].values["m"]["rings"]
            rings[0] = {"s": Kept(**{k: v for k, v in rings[0]["s"].values.items() if k != slot})}
            self.versions[version].set(m={"rings": rings})

    @rule(version=names)
    def expire(self, version) -> None:
        """Drop a version; it may come back before anything is stored."""
        self.versions.pop(version, None)

    @rule(fails=st.booleans())
    def commit(self, fails) -> None:
        """Store, or try to."""
        state = {"count": self.count, "versions": self.versions}
        staged = self.ledger.stage({"part": state})
        if not fails:
            apply(self.stored, staged)
            self.ledger.settle(staged)
            self.expected = plain(state)

    @rule(known=st.booleans())
    def restart(self, known) -> None:
        """Go on with a ledger that has read what is stored, or has not."""
        self.ledger = Ledger()
        if known:
            self.ledger.adopt(self.stored)
        else:
            self.ledger.forget(["part"])

    @invariant()
    def holds(self) -> None:
        """Find in storage what was committed last."""
        if self.expected is not None:
            assert restored(self.stored) == {"part": self.expected}


TestStoring = Storing.TestCase
TestStoring.settings = settings(max_examples=60, stateful_step_count=30)
