from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.first_records import MAX_VERSIONS, FirstRecords
from exporter.drift.profile import Profile
from exporter.storage import encoding
from tests.monitors.builders import NOW, parse

CHANCE = np.random.default_rng(0)
RECORDS = [
    {
        "timestamp": NOW + position,
        "model_version": "3",
        "prediction": "ab"[position % 2],
        "confidence": float(CHANCE.random()),
        "input_length": int(CHANCE.integers(9)),
        "features": {
            "age": float(CHANCE.normal()) if position % 7 else None,
            "plan": str(CHANCE.choice(["gold", "tin"])),
            "paid": bool(CHANCE.integers(2)),
            "mixed": "none" if position % 5 else position,
        },
    }
    for position in range(700)
]


class Kept(list):
    """What was written."""

    def __call__(self, reference):
        """Write."""
        self.append(reference)


def first(number=500, kept=None, task="auto", **kinds):
    """Return an empty collection."""
    return FirstRecords("bot", task, number, kinds, Kept() if kept is None else kept)


def add(found, records, size=100):
    """Add records in batches."""
    for start in range(0, len(records), size):
        found.add(parse(*records[start : start + size], features=None))
    return found


def documents(reference):
    """Return all that a reference knows of columns."""
    return [column.document() for column in reference.columns]


@pytest.mark.parametrize("size", [1, 100, 700])
def test_the_first_ones_are_what_a_profile_of_them_is(size):
    """Of numbers, texts, booleans and mixtures, to the last digit, however they come in."""
    profile = Profile()
    profile.add(parse(*RECORDS[:500], features=None))
    found = add(first(), RECORDS, size).reference
    assert documents(found) == [column.document() for column in profile.columns()]
    assert (found.model, found.version) == ("bot", "3")
    assert found.provenance.records == 500
    assert found.provenance.first_timestamp == NOW
    assert found.provenance.last_timestamp == NOW + 499


def test_numbers_are_predicted_too():
    """Of a regression, and with a kind that the configuration fixes."""
    records = [{"prediction": position / 8, "features": {"zip": position % 3}}
               for position in range(120)]  # fmt: skip
    found = first(120, task="regression", zip="categorical")
    found.add(parse(*records, features=None, task="regression"))
    kinds = {column.name: (column.kind, column.n) for column in found.reference.columns}
    assert kinds == {"prediction": ("numeric", 120), "zip": ("categorical", 120)}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_another_version_and_failures_do_not_count(size):
    """The version that is the first to have enough is that of the reference."""
    others = [record | {"model_version": "4"} for record in RECORDS[:300]]
    failed = [{"model_version": "2", "error": "timeout"}]
    mixed = [record for pair in zip(RECORDS, others, strict=False) for record in pair]
    found = add(first(300), failed + mixed, size)
    assert found.reference.version == "3"
    assert found.reference.provenance.last_timestamp == NOW + 299
    assert found.share == 1.0


def test_a_version_that_is_gone_does_not_hold_up_the_next_one():
    """Nor do many of them take more and more memory."""
    old = [record | {"model_version": str(at // 10)} for at, record in enumerate(RECORDS[:200])]
    found = add(first(300), old)
    assert sum(found.versions().values()) == 10 * MAX_VERSIONS
    state = encoding.decode(encoding.encode(found.dump()))
    after = first(300)
    after.load(state)
    for one in (found, after):
        add(one, RECORDS[:400])
        assert one.reference.version == "3"
        assert one.reference.provenance.records == 300


@pytest.mark.parametrize("size", [1, 90, 700])
def test_what_is_left_of_a_batch_is_no_part_of_the_reference(size):
    """Of the version that became it, and of others, whose predictions it does not hold."""
    mixed = [record | {"model_version": "34"[at % 2]} for at, record in enumerate(RECORDS)]
    found, left = first(300), []
    for start in range(0, 700, size):
        batch = parse(*mixed[start : start + size], features=None)
        found.add(batch)
        if found.reference is not None:
            left += found.rest(batch).timestamp.tolist()
    assert found.reference.provenance.last_timestamp == NOW + 598
    own = [time for time in left if (time - NOW) % 2 == 0]
    assert own == [NOW + at for at in range(600, 700, 2)]
    assert {NOW + at for at in range(601, 700, 2)} <= set(left)


def test_they_are_brought_into_the_order_of_time():
    """On which the autocorrelation time depends; without times they stay as they were read."""
    walk = np.cumsum(CHANCE.normal(size=400)).tolist()
    ordered = [{"timestamp": NOW + at, "prediction": "a", "features": {"age": age}}
               for at, age in enumerate(walk)]  # fmt: skip
    shuffled = [ordered[at] for at in CHANCE.permutation(400).tolist()]
    untimed = [{key: value for key, value in one.items() if key != "timestamp"} for one in shuffled]
    in_time, reordered, unknown = (
        add(first(400), one).reference.columns[0].tau for one in (ordered, shuffled, untimed)
    )
    assert in_time == reordered > 20
    assert unknown < 3


def test_too_few_make_none():
    """Nothing is kept, and the share says how far it is."""
    kept = Kept()
    found = add(first(kept=kept), RECORDS[:250])
    found.keep()
    assert (found.reference, found.share, kept) == (None, 0.5, [])


def test_it_is_kept_once_and_then_forgotten():
    """A failure to write it is no reason to lose it."""
    kept = Kept()

    def full(_reference):
        raise OSError("no space")

    found = add(first(kept=full), RECORDS)
    with pytest.raises(OSError, match="no space"):
        found.keep()
    assert len(found.versions()) == 2
    found._keep = kept
    found.keep()
    found.keep()
    assert kept == [found.reference]
    assert (found.versions(), found.share) == ({}, 1.0)


@pytest.mark.parametrize("stop", [0, 1, 256, 499, 500])
def test_a_restart_changes_nothing(stop):
    """Wherever it comes in, rows being stored only as they change."""
    before = add(first(), RECORDS[:stop])
    assert sum(before.versions().values()) == stop
    state = encoding.decode(encoding.encode(before.dump()))
    after = first()
    after.load(state)
    add(after, RECORDS[stop:])
    assert documents(after.reference) == documents(add(first(), RECORDS).reference)


def test_another_number_begins_anew():
    """Since those that were stored are not the first ones any more."""
    state = encoding.decode(encoding.encode(add(first(200), RECORDS[:100]).dump()))
    after = first(300)
    after.load(state)
    assert (after.share, after.versions()) == (0.0, {})
