from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.registry.lineage import Event, Lineage, RefusedError, Version

START = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = ("1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0")


def lineage(*steps: str, names: tuple[str, ...] = NAMES) -> Lineage:
    """Return a lineage after steps like "promote 1.0.0", an hour apart."""
    known = Lineage(versions={name: Version(registered=START) for name in names})
    for hours, step in enumerate(steps, 1):
        action, _, version = step.partition(" ")
        known = known.after(
            Event(at=START + timedelta(hours=hours), action=action, version=version)
        )
    return known


def stages(known: Lineage) -> dict[str, str]:
    """Return the stage of each version, the newest first."""
    return {one.name: one.stage for one in known.standings()}


def test_versions_are_in_semantic_order():
    """A release candidate comes before its release, and 1.10 after 1.9."""
    known = lineage(names=("1.9.0", "2.0.0-rc.1", "1.10.0", "2.0.0"))
    assert list(stages(known)) == ["2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"]


def test_a_promotion_archives_what_was_in_production():
    """One version is in production, with the times of all that happened."""
    known = lineage("promote 1.0.0", "promote 1.1.0")
    assert stages(known) == {
        "2.0.0": "staging", "2.0.0-rc.1": "staging", "1.1.0": "production", "1.0.0": "archived",
    }  # fmt: skip
    (*_, new, old) = known.standings()
    assert (new.deployed, new.archived) == (START + timedelta(hours=2), None)
    assert (old.deployed, old.archived) == (
        START + timedelta(hours=1),
        START + timedelta(hours=2),
    )


def test_a_rollback_brings_back_what_was_there_before():
    """One after the other, back to the first."""
    known = lineage("promote 1.0.0", "promote 1.1.0", "promote 2.0.0")
    assert (known.production, known.former) == ("2.0.0", "1.1.0")
    known = known.after(Event(at=START, action="rollback", version="1.1.0"))
    assert (known.production, known.former) == ("1.1.0", "1.0.0")
    assert stages(known)["2.0.0"] == "archived"


def test_a_version_that_was_rolled_back_can_be_promoted_again():
    """It was mended elsewhere: a switch, a data source."""
    known = lineage("promote 1.0.0", "promote 1.1.0", "rollback 1.0.0", "promote 1.1.0")
    assert (known.production, known.former) == ("1.1.0", "1.0.0")


def test_no_rollback_goes_to_an_archived_version():
    """It goes to the one before."""
    known = lineage("promote 1.0.0", "promote 1.1.0", "promote 2.0.0", "archive 1.1.0")
    assert known.former == "1.0.0"


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (["promote 3.0.0"], "version 3.0.0 is not registered; known: 1.0.0, 1.1.0, "),
        (["promote 1.0.0", "promote 1.0.0"], "version 1.0.0 is in production already"),
        (["promote 1.0.0", "rollback 1.0.0"], "no version was in production before this one"),
        (
            ["promote 1.0.0", "promote 1.1.0", "rollback 2.0.0"],
            "a rollback goes back to 1.0.0, not to 2.0.0",
        ),
        (["promote 1.0.0", "archive 1.0.0"], "version 1.0.0 is in production; promote another"),
        (["archive 1.0.0", "archive 1.0.0"], "version 1.0.0 is archived already"),
    ],
)
def test_what_is_not_possible_is_refused(steps, reason):
    """With the reason."""
    with pytest.raises(RefusedError, match=reason):
        lineage(*steps)


def test_a_version_never_changes():
    """Its name is taken."""
    with pytest.raises(RefusedError, match=r"1\.0\.0 is registered already, and never changes"):
        lineage().registered("1.0.0", Version(registered=START))


@pytest.mark.parametrize("name", ["v1", "1.0", "01.0.0", "latest", "", "1.0.0\n"])
def test_names_are_semantic_versions(name):
    """By the command and in the file alike."""
    version = Version(registered=START)
    with pytest.raises(RefusedError, match="is no semantic version"):
        Lineage().registered(name, version)
    with pytest.raises(ValidationError, match="is no semantic version"):
        Lineage(versions={name: version})


def test_a_history_that_can_not_be_says_where():
    """By the position of the event."""
    events = lineage("promote 1.0.0", "promote 1.1.0").history
    with pytest.raises(ValidationError, match=r"history\[2\]: version 1\.1\.0 is in production al"):
        Lineage(versions=lineage().versions, history=(*events, events[-1]))


@given(
    st.lists(
        st.tuples(st.sampled_from(["promote", "rollback", "archive"]), st.sampled_from(NAMES)),
        max_size=20,
    )
)
def test_there_is_never_more_than_one_version_in_production(steps):
    """After whatever was possible, stages and times agree, and the history leads there again."""
    known = lineage()
    for hours, (action, name) in enumerate(steps):
        event = Event(at=START + timedelta(hours=hours), action=action, version=name)
        before = known
        try:
            known = known.after(event)
        except RefusedError:
            assert known == before
    assert Lineage(versions=known.versions, history=known.history) == known
    at = known.standings()
    in_production = [one.name for one in at if one.stage == "production"]
    assert in_production == [known.production] * (known.production is not None)
    # Once there was a version in production there always is one.
    assert bool(in_production) == any(event.action == "promote" for event in known.history)
    for one in at:
        assert (one.archived is not None) == (one.stage == "archived")
        assert one.stage != "production" or one.deployed is not None
