from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_trailing import SCENARIOS, looks
from exporter.config.reference import Trailing
from exporter.drift.comparison import Comparison
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.tests import TESTS
from exporter.drift.trailing import TrailingCounts, tau_of_parts
from exporter.event_time import EventTime
from exporter.storage import encoding
from tests.monitors.builders import parse

HOUR = 3600.0
START = 500_000.0
WINDOW = 600.0
PERIOD = Trailing(10 * HOUR, 2 * HOUR)
RUNS = 6


def records(n, seed=0, start=START, every=30.0):
    """Return predictions, one in so many seconds, of two kinds of columns and of two versions."""
    random = np.random.default_rng(seed)
    return [
        {
            "timestamp": start + every * at,
            "model_version": "12"[at % 2],
            "prediction": str(random.choice(["a", "b", "b"])),
            "features": {"age": float(random.normal())},
        }
        for at in range(n)
    ]


@pytest.fixture(scope="module")
def reference():
    """Return one of other records."""
    profile = Profile()
    profile.add(parse(*records(500, 1), features=None))
    return Reference("bot", "1", Provenance((), 500, None, None), profile.columns())


def compared(reference):
    """Return all columns with their usual tests."""
    tests = {"numeric": "ks", "categorical": "chi2"}
    return [Comparison(column, TESTS[tests[column.kind]]) for column in reference.columns]


def empty(reference, settings=PERIOD, longest=WINDOW):
    """Return counts of nothing."""
    return TrailingCounts(reference, compared(reference), settings, longest, replay=True)


def add(counts, logged, size=1000):
    """Add records in batches."""
    place = EventTime((), replay=True)
    for start in range(0, len(logged), size):
        counts.add(place.place(parse(*logged[start : start + size], features=None)))
    return counts


def counted(reference, logged):
    """Return the counts of records at the cells of the reference, one after the other column."""
    values = [[one["features"]["age"] for one in logged], [one["prediction"] for one in logged]]
    columns = {column.name: column for column in reference.columns}
    age = columns["age"].assign(np.array(values[0]))
    places = {name: at for at, name in enumerate(columns["prediction"].categories)}
    answer = [places[one] for one in values[1]]
    return np.concatenate(
        [np.bincount(age, minlength=len(columns["age"].counts)),
         np.bincount(answer, minlength=len(columns["prediction"].counts))]
    )  # fmt: skip


@pytest.mark.parametrize("size", [1, 77, 5000])
def test_it_is_the_counts_of_a_period_that_ended(reference, size):
    """To the record, of all versions, up to the width of a part at either end."""
    logged = records(2000, every=30.0)
    counts = add(empty(reference), logged, size)
    now = logged[-1]["timestamp"]
    expected = counts.expected(counts.view(), WINDOW, now, 3)
    width = (PERIOD.seconds + PERIOD.delay) / 57
    last = np.floor((now - PERIOD.delay) / width) * width
    first = last - np.ceil(PERIOD.seconds / width) * width
    inside = [one for one in logged if first <= one["timestamp"] < last]
    assert expected.complete
    assert expected.counts.shape == (4, len(counted(reference, inside)))
    assert (expected.counts == counted(reference, inside)).all()
    assert len(inside) == pytest.approx(PERIOD.seconds / 30, abs=2 * width / 30)


def test_windows_do_not_overlap_with_it(reference):
    """It ends two lengths of a window ago where that is longer than the delay."""
    logged = records(2000, every=30.0)
    counts = add(empty(reference, longest=2 * HOUR), logged)
    now = logged[-1]["timestamp"]
    for window, lag in ((WINDOW, 2 * HOUR), (2 * HOUR, 4 * HOUR)):
        later = [
            one | {"features": {"age": 99.0}} for one in logged if one["timestamp"] > now - lag
        ]
        moved = add(empty(reference, longest=2 * HOUR), logged[: -len(later)] + later)
        found, same = (one.expected(one.view(), window, now, 0) for one in (counts, moved))
        assert (found.counts == same.counts).all()
        assert found.counts.sum() > 0


def test_until_the_period_is_over_there_is_none(reference):
    """A part of it, such as a night, is not what windows are to be compared with."""
    logged = records(2000, every=30.0)
    counts = add(empty(reference), logged)
    whole = PERIOD.seconds + PERIOD.delay
    early, late = (
        counts.expected(counts.view(), WINDOW, START + share * whole, 0) for share in (0.95, 1.1)
    )
    assert (early.complete, early.counts.sum()) == (False, 0.0)
    assert late.complete


def test_it_moves_on(reference):
    """What was counted before the period is gone, whatever it was."""
    logged = records(1500, every=30.0)
    old = [one | {"features": {"age": 50.0}} for one in logged]
    later = records(2000, start=START + 1500 * 30.0)
    now = later[-1]["timestamp"]
    found, alone = (
        one.expected(one.view(), WINDOW, now, 0).counts
        for one in (add(empty(reference), old + later), add(empty(reference), later))
    )
    assert (found == alone).all()


def test_a_late_record_counts_where_it_belongs(reference):
    """Though it was asked before."""
    logged = records(2000, every=30.0)
    now = logged[-1]["timestamp"]
    missing = logged[1000]
    counts = add(empty(reference), [one for one in logged if one is not missing])
    before = counts.expected(counts.view(), WINDOW, now, 0)
    assert counts.expected(counts.view(), WINDOW, now, 0).counts.base is before.counts.base
    add(counts, [missing])
    after = counts.expected(counts.view(), WINDOW, now, 0)
    whole = add(empty(reference), logged)
    assert after.counts.sum() == before.counts.sum() + 2
    assert (after.counts == whole.expected(whole.view(), WINDOW, now, 0).counts).all()


@pytest.mark.parametrize("cut", [1, 900, 1999])
def test_a_restart_changes_nothing(reference, cut):
    """Neither the counts, nor from when on they are."""
    logged = records(2000, every=30.0)
    now = logged[-1]["timestamp"]
    whole, before, after = add(empty(reference), logged), empty(reference), empty(reference)
    add(before, logged[:cut])
    after.load(encoding.decode(encoding.encode(before.dump())))
    add(after, logged[cut:])
    wanted, found = (one.expected(one.view(), WINDOW, now, 0) for one in (whole, after))
    assert (wanted.counts == found.counts).all()
    assert found.complete


def test_parts_of_a_stream_add_up(reference):
    """As of two processes that have read one half each."""
    logged = records(2000, every=30.0)
    now = logged[-1]["timestamp"]
    one, other = add(empty(reference), logged[::2]), add(empty(reference), logged[1::2])
    one.merge(other)
    whole = add(empty(reference), logged)
    found, wanted = (each.expected(each.view(), WINDOW, now, 0) for each in (one, whole))
    assert (found.counts == wanted.counts).all()


def test_counts_at_other_cells_are_refused(reference):
    """Their numbers would mean something else."""
    profile = Profile()
    profile.add(parse(*records(400, 3), features=None))
    other = empty(Reference("bot", "1", Provenance((), 400, None, None), profile.columns()))
    state = encoding.decode(encoding.encode(empty(reference).dump()))
    with pytest.raises(ValueError, match="have changed"):
        other.load(state)
    with pytest.raises(ValueError, match="different cells"):
        other.merge(empty(reference))
    longer = empty(reference, Trailing(20 * HOUR, 2 * HOUR))
    with pytest.raises(ValueError, match="does not fit"):
        longer.load(state)


@pytest.mark.parametrize("name", ["age", "prediction"])
def test_parts_that_differ_by_chance_show_no_dependence(reference, name):
    """Nor do parts without any record, or too few parts."""
    (one,) = (each for each in compared(reference) if each.column.name == name)
    shares = one.column.counts / one.column.counts.sum()
    random = np.random.default_rng(5)
    found = [tau_of_parts(random.multinomial(200, shares, 50).astype(float), one)
             for _ in range(50)]  # fmt: skip
    assert np.mean(found) < 1.15
    few = np.vstack([random.multinomial(200, shares, 10), np.zeros((20, len(shares)))])
    assert tau_of_parts(few, one) == 1.0
    assert tau_of_parts(np.zeros((50, len(shares))), one) == 1.0


def test_parts_that_differ_are_worth_less(reference):
    """As many times as the variance of their sums is larger than that of independent values."""
    (one,) = (each for each in compared(reference) if each.column.name == "prediction")
    random = np.random.default_rng(5)
    share = np.clip(0.5 + 0.1 * random.normal(size=400), 0, 1)
    ones = random.binomial(200, share)
    table = np.column_stack([ones, 200 - ones, np.zeros(400)])[:, : len(one.column.counts)]
    wanted = 1 + 199 * 0.01 / 0.25
    assert tau_of_parts(table.astype(float), one) == pytest.approx(wanted, rel=0.2)


def shares(name, test, *, trailing=True):
    """Return the share of windows that are tested, and of significant ones among these."""
    p = np.concatenate(
        [looks(np.random.default_rng(seed), SCENARIOS[name], test, trailing=trailing)
         for seed in range(RUNS)]
    )  # fmt: skip
    tested = ~np.isnan(p)
    return tested.mean(), (p[tested] <= 0.05).mean() if tested.any() else 0.0


@pytest.mark.parametrize("test", ["ks", "cvm", "chi2"])
@pytest.mark.parametrize("name", ["independent", "AR(1), rho = .7"])
def test_windows_like_the_period_do_not_differ(name, test):
    """At most 5 % are significant, of windows that overlap and are as good as 180."""
    tested, significant = shares(name, test)
    assert tested > 0.9
    assert significant <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 180)


@pytest.mark.parametrize("name", ["days differ by .2 sd", "swings by .5 sd in a day"])
def test_days_that_differ_are_no_drift(name):
    """Compared with the first predictions most windows are; the period knows how days differ."""
    assert shares(name, "ks", trailing=False)[1] > 0.5
    tested, significant = shares(name, "ks")
    assert tested * significant <= 0.05


def test_a_step_is_found():
    """Since the period ended before it."""
    assert shares("moves by .3 sd on the last day", "ks")[1] > 0.95


def test_what_moves_slowly_is_not_found():
    """What is a third of a standard deviation from the first predictions, and found there."""
    name = "moves by .03 sd each day"
    assert shares(name, "ks", trailing=False)[1] > 0.95
    tested, significant = shares(name, "ks")
    assert tested * significant < 0.5
