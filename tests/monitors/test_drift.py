from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from scipy.stats import chi2_contingency, ks_2samp, kstwobign

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.errors import UsageError
from exporter.event_time import EventTime
from exporter.monitors.drift import Drift
from exporter.monitors.drift_evidence import DriftEvidence
from exporter.parsing.json_lines import JsonLines
from exporter.storage.encoding import decode, encode
from exporter.windows import Window

LABELS = {"model": "bot", "version": "1"}
WINDOWS = (Window("1m", 60.0), Window("1h", 3600.0))
NOW = 1_000_000.0
PLANS = ("gold", "silver", "tin")


def parse(records, features=None):
    """Parse records as JSON lines."""
    lines = [json.dumps(record).encode() for record in records]
    return JsonLines(features=features).parse(lines, NOW).batch


def predictions(n, seed, shift=0.0, shares=(0.5, 0.3, 0.2), **fields):
    """Return n predictions, all at the same time."""
    random = np.random.default_rng(seed)
    ages = random.poisson(40 + shift, n).tolist()
    plans = random.choice(PLANS, n, p=shares).tolist()
    classes = random.choice(["no", "yes"], n, p=[0.6, 0.4]).tolist()
    confidences = random.uniform(0.5, 1.0, n).round(2).tolist()
    return [
        {
            "timestamp": NOW - 1,
            "prediction": prediction,
            "confidence": confidence,
            "features": {"age": age, "plan": plan},
        }
        | fields
        for age, plan, prediction, confidence in zip(ages, plans, classes, confidences, strict=True)
    ]


def reference_of(records):
    """Build a reference of records that are told to be independent."""
    profile = Profile()
    profile.add(parse(records))
    columns = tuple(replace(column, tau=1.0) for column in profile.columns())
    return Reference("bot", "", Provenance((), len(records), None, None), columns)


REFERENCE_RECORDS = predictions(5_000, seed=0)
REFERENCE = reference_of(REFERENCE_RECORDS)


def monitor(windows=WINDOWS, reference=REFERENCE, **changed):
    """Return a monitor of the reference that does not wait whether drift stays."""
    changed = {"hold": False, **changed}
    return Drift(LABELS, windows, DriftSettings(reference=Path("x"), **changed), reference)


def feed(drift, records, windows=WINDOWS, place=None):
    """Parse, place and count records."""
    place = place or EventTime(windows, replay=False)
    drift.update(place.place(parse(records, REFERENCE.features)))


def exposed(drift, now=NOW, taken=None):
    """Return the samples by name and the label values behind model and version."""
    taken = drift.snapshot() if taken is None else taken
    found = {}
    for family in drift.families(taken, now):
        for sample in family.samples:
            assert list(sample.labels)[:3] == ["model", "version", "window"]
            assert (sample.labels["model"], sample.labels["version"]) == ("bot", "1")
            key = (sample.name.removeprefix("model_drift_"), *list(sample.labels.values())[2:])
            assert key not in found
            found[key] = sample.value
    return found


def test_p_values_are_scipys_on_the_raw_values():
    """Of an integer, a decimal and two categorical columns, where bins lose nothing."""
    drift = monitor()
    records = predictions(2_000, seed=1, shift=0.6, shares=(0.46, 0.34, 0.2))
    feed(drift, records)
    found = exposed(drift)

    def column(rows, read):
        return [read(row) for row in rows]

    for feature, read in (
        ("age", lambda row: row["features"]["age"]),
        ("confidence", lambda row: row["confidence"]),
    ):
        old, new = column(REFERENCE_RECORDS, read), column(records, read)
        distance = ks_2samp(old, new, method="asymp").statistic
        assert found["statistic", "1m", feature, "ks"] == pytest.approx(distance, abs=1e-12)
        expected = kstwobign.sf(np.sqrt(5_000 * 2_000 / 7_000) * distance)
        assert found["pvalue", "1m", feature, "ks"] == pytest.approx(expected, rel=1e-9)
    for feature, read in (
        ("plan", lambda row: row["features"]["plan"]),
        ("prediction", lambda row: row["prediction"]),
    ):
        old, new = column(REFERENCE_RECORDS, read), column(records, read)
        names = sorted(set(old))
        table = [[rows.count(name) for name in names] for rows in (old, new)]
        expected = chi2_contingency(table, correction=False)
        assert found["statistic", "1m", feature, "chi2"] == pytest.approx(expected.statistic)
        assert found["pvalue", "1m", feature, "chi2"] == pytest.approx(expected.pvalue, rel=1e-9)


def test_a_drift_is_detected_in_the_columns_that_moved_only():
    """With every series that belongs to it, in both windows."""
    drift = monitor()
    feed(drift, predictions(1_500, seed=2, shift=3, shares=(0.3, 0.3, 0.4)))
    found = exposed(drift)
    for window in ("1m", "1h"):
        verdict = {
            feature: found["detected", window, feature]
            for feature in ("age", "plan", "prediction", "confidence")
        }
        assert verdict == {"age": 1, "plan": 1, "prediction": 0, "confidence": 0}
        assert found["features_ratio", window] == 0.5
        assert found["effective_samples", window, "age"] == 1_500
        assert found["evaluable", window, "age", ""] == 1
        raw = sorted(
            value
            for (name, where, *_), value in found.items()
            if (name, where) == ("pvalue", window)
        )
        adjusted = sorted(
            value
            for (name, where, *_), value in found.items()
            if (name, where) == ("adjusted_pvalue", window)
        )
        assert adjusted[0] == pytest.approx(4 * raw[0], abs=1e-300)
        assert len(raw) == len(adjusted) == 4


def test_too_few_rows_give_a_reason_and_no_result():
    """Exactly one evaluable series a feature and window."""
    drift = monitor()
    feed(drift, predictions(499, seed=3))
    found = exposed(drift)
    assert {key[0] for key in found} == {"evaluable", "effective_samples"}
    assert found["evaluable", "1m", "age", "too_few_rows"] == 0
    assert found["effective_samples", "1m", "age"] == 499
    evaluable = [key[1:3] for key in found if key[0] == "evaluable"]
    assert len(evaluable) == len(set(evaluable)) == 2 * 4


def test_a_small_reference_is_not_tested_against():
    """Its own sampling error would decide."""
    drift = monitor(reference=reference_of(predictions(99, seed=4)))
    feed(drift, predictions(600, seed=5))
    assert exposed(drift)["evaluable", "1m", "age", "too_few_reference_rows"] == 0


def test_an_empty_window_has_no_results():
    """Nor has one whose records have left it."""
    drift = monitor()
    assert {value for key, value in exposed(drift).items() if key[0] == "effective_samples"} == {0}
    feed(drift, predictions(600, seed=6))
    later = exposed(drift, NOW + 100)
    assert ("pvalue", "1m", "age", "ks") not in later
    assert later["effective_samples", "1m", "age"] == 0
    assert later["effective_samples", "1h", "age"] == 600


def test_failed_attempts_and_labels_count_for_nothing():
    """Only predictions are compared."""
    drift = monitor()
    feed(drift, predictions(700, seed=7, error="boom"))
    feed(drift, [{"request_id": "1", "true_label": "yes", "timestamp": NOW}])
    feed(drift, [])
    assert exposed(drift)["effective_samples", "1m", "age"] == 0


def test_missing_values_make_the_sample_of_their_column_smaller():
    """And those of no other."""
    drift = monitor()
    records = predictions(600, seed=8)
    for record in records[:150]:
        record["features"] = {"age": float("nan"), "plan": None}
    for record in records[150:200]:
        del record["features"], record["confidence"]
    feed(drift, records)
    found = exposed(drift)
    samples = {
        feature: found["effective_samples", "1m", feature]
        for feature in ("age", "plan", "confidence", "prediction")
    }
    assert samples == {"age": 400, "plan": 400, "confidence": 550, "prediction": 600}


def test_a_category_that_the_reference_lacks_is_drift():
    """A tenth of the records in it is enough, whatever its name."""
    drift = monitor()
    records = predictions(600, seed=9)
    for record in records[::10]:
        record["features"]["plan"] = "platinum"
    feed(drift, records)
    found = exposed(drift)
    assert found["detected", "1m", "plan"] == 1
    assert found["detected", "1m", "age"] == 0


def test_a_model_that_answers_always_the_same_has_drifted():
    """The prediction is a column like any other."""
    drift = monitor()
    feed(drift, predictions(600, seed=10, prediction="yes"))
    assert exposed(drift)["detected", "1m", "prediction"] == 1


def test_regression_predictions_are_compared_as_numbers():
    """A shift of half a standard deviation."""

    def values(mean, n):
        random = np.random.default_rng(11)
        return [{"timestamp": NOW, "prediction": float(x)} for x in random.normal(mean, 1, n)]

    drift = monitor(reference=reference_of(values(0.25, 3_000)))
    feed(drift, values(0.75, 600))
    found = exposed(drift)
    assert found["detected", "1m", "prediction"] == 1
    assert ("pvalue", "1m", "prediction", "ks") in found


def test_settings_choose_columns_tests_and_limits():
    """Only the named column, by chi-square over the bins, with limits that nothing reaches."""
    drift = monitor(columns={"age": ColumnSettings(test="chi2")}, min_effect=1.0, min_samples=100)
    feed(drift, predictions(300, seed=12, shift=10))
    found = exposed(drift)
    assert {key[2] for key in found if key[0] == "evaluable"} == {"age"}
    assert found["pvalue", "1m", "age", "chi2"] < 1e-6
    assert found["detected", "1m", "age"] == 0


def test_settings_that_do_not_fit_are_refused():
    """A typo in a column's name must not switch its test off."""
    with pytest.raises(UsageError, match="no column 'agee'"):
        monitor(columns={"agee": ColumnSettings()})


def test_no_tested_columns_expose_nothing():
    """A reference without columns is no error either."""
    drift = monitor(columns={})
    feed(drift, predictions(10, seed=0))
    assert exposed(drift) == {}


def test_state_survives_storage():
    """The restored monitor shows the same and goes on counting."""
    drift, restored = monitor(), monitor()
    feed(drift, predictions(600, seed=13))
    restored.load(decode(encode(drift.dump())))
    assert exposed(restored) == exposed(drift)
    for each in (drift, restored):
        feed(each, predictions(100, seed=14))
    assert exposed(restored) == exposed(drift)


def test_state_of_another_reference_is_refused():
    """Its cells mean something else."""
    state = monitor().dump()
    with pytest.raises(ValueError, match="have changed"):
        monitor(reference=reference_of(predictions(5_000, seed=99))).load(state)
    with pytest.raises(ValueError, match="have changed"):
        monitor(columns={"age": ColumnSettings()}).load(state)


def test_a_snapshot_does_not_move():
    """A scrape reads it while the next batch is counted."""
    drift = monitor()
    feed(drift, predictions(600, seed=15))
    taken = drift.snapshot()
    assert drift.snapshot() is taken
    feed(drift, predictions(50, seed=16))
    assert exposed(drift, taken=taken)["effective_samples", "1m", "age"] == 600
    assert exposed(drift)["effective_samples", "1m", "age"] == 650


def test_merging_equals_having_seen_both():
    """Two halves of a stream; monitors of other columns are refused."""
    whole, one, two = monitor(), monitor(), monitor()
    first, second = predictions(400, seed=17), predictions(300, seed=18)
    feed(one, first)
    feed(two, second)
    feed(whole, first + second)
    one.merge(two)
    assert exposed(one) == exposed(whole)
    with pytest.raises(ValueError, match="different cells"):
        one.merge(monitor(columns={"age": ColumnSettings()}))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-4_000, 30), min_size=1, max_size=60),
    st.lists(st.integers(1, 20), min_size=1, max_size=10),
)
def test_windows_hold_what_lies_in_them_however_the_log_is_cut(ages, cuts):
    """Counting record by record gives the same as counting whole batches."""
    records = [
        {"timestamp": NOW + age, "prediction": "no", "features": {"age": 40}} for age in ages
    ]
    whole, parts = monitor(), monitor()
    feed(whole, records)
    start = 0
    while start < len(records):
        step = cuts[start % len(cuts)]
        feed(parts, records[start : start + step])
        start += step
    assert exposed(whole, NOW + 30) == exposed(parts, NOW + 30)
    for window in WINDOWS:
        # At the end of a sub-window the window holds exactly 30 of them.
        width = 2 * window.width
        end = np.floor(NOW / width) * width + width
        inside = [
            age for age in ages if end - window.seconds <= NOW + age < end and age > -window.seconds
        ]
        newest = max(ages)
        if NOW + newest < end:
            found = exposed(whole, end - 1e-3)["effective_samples", window.name, "age"]
            assert found == len(inside)


def test_a_batch_longer_than_the_window_keeps_its_end():
    """A file read from end to end: 10,000 records over a day, of which an hour counts."""
    drift = monitor()
    place = EventTime(WINDOWS, replay=True)
    times = NOW - 86_400 + np.arange(10_000) * 8.64
    records = [
        {"timestamp": t, "prediction": "no", "features": {"age": 40}} for t in times.tolist()
    ]
    feed(drift, records, place=place)
    now = place.latest
    found = exposed(drift, now)
    for window in WINDOWS:
        # Sub-windows are twice as long as elsewhere, and the rings twice as far back.
        width = 2 * window.width
        first = (np.floor(now / width) - 29) * width
        assert found["effective_samples", window.name, "age"] == (times >= first).sum()


def test_the_exposition_is_valid():
    """Whole families with help texts, and label values from the reference escaped."""

    class Collector:
        def collect(self):
            return drift.families(drift.snapshot(), NOW)

    drift = monitor()
    feed(drift, predictions(600, seed=19))
    registry = CollectorRegistry()
    registry.register(Collector())
    text = generate_latest(registry).decode()
    assert (
        'model_drift_evaluable{feature="age",model="bot",reason="",version="1",window="1m"} 1.0'
        in text
    )
    assert "NaN" not in text


def over_time(*periods, rate=20):
    """Return predictions, some a second, of periods of (seconds, shift), the last one up to now."""
    end = NOW - sum(seconds for seconds, _ in periods)
    records = []
    for seed, (seconds, shift) in enumerate(periods):
        found = predictions(seconds * rate, seed + 7, shift)
        for number, record in enumerate(found):
            record["timestamp"] = end + number / rate
        records += found
        end += seconds
    return records


MINUTE = (Window("1m", 60.0),)


@pytest.mark.parametrize(
    ("periods", "held"),
    [
        ([(90, 0), (150, 4)], 1),
        ([(90, 0), (62, 4)], 0),
        ([(90, 0), (50, 4), (20, 0)], 0),
        ([(60, 4), (60, 0), (60, 4)], 0),
    ],
)
@pytest.mark.parametrize("size", [97, 100_000])
def test_drift_is_what_every_window_of_the_last_windows_length_shows(periods, held, size):
    """It needs no look in between: a start, or batches of any size, make no difference."""
    drift = monitor(MINUTE, hold=True)
    place = EventTime(MINUTE, replay=True)
    records = over_time(*periods)
    for start in range(0, len(records), size):
        feed(drift, records[start : start + size], MINUTE, place)
    found = exposed(drift)
    assert found["detected", "1m", "age"] == held
    assert found["features_ratio", "1m"] == held / 4
    if periods[-1][1]:
        assert found["adjusted_pvalue", "1m", "age", "ks"] < 1e-6


def test_the_length_of_inputs_is_a_column():
    """Told from a feature of the same name, and tested as any."""
    random = np.random.default_rng(5)

    def records(n, longest):
        return [
            {"prediction": "a", "input_length": int(length), "features": {"input_length": 1}}
            for length in random.integers(1, longest, n)
        ]

    reference = reference_of(records(1_000, 100))
    assert {"input_length", "features.input_length"} <= {one.name for one in reference.columns}
    drift = monitor(reference=reference)
    evidence = DriftEvidence(LABELS, DriftSettings(reference=Path("x")), reference)
    read = parse(records(800, 150), reference.features)
    for one in (drift, evidence):
        one.update(EventTime(WINDOWS, replay=False).place(read))
    columns = [column.name for column in reference.columns]
    assert evidence.snapshot()[columns.index("input_length")] > 4
    found = exposed(drift)
    assert found["detected", "1m", "input_length"] == 1
    assert found["statistic", "1m", "input_length", "ks"] == pytest.approx(1 / 3, abs=0.05)
    assert found["detected", "1m", "features.input_length"] == 0
