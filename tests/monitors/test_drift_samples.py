"""Drift of the last values themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import (
    anderson_ksamp,
    cramervonmises_2samp,
    f_oneway,
    ks_2samp,
    levene,
    mannwhitneyu,
    ttest_ind,
)

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.correction import holm
from exporter.drift.last_values import CAPACITY
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.drift_samples import DriftSamples
from tests.monitors.builders import LABELS, batch, series, through_storage

FEATURES = ("age", "fare", "plan")
WHERE = "window=last_10000,feature="


def records(n, seed, shift=0.0, spread=1.0):
    """Return predictions with two numbers and a class; the age is what moves."""
    random = np.random.default_rng(seed)
    ages = (40 + 10 * (spread * random.normal(size=n) + shift)).tolist()
    fares = random.exponential(20, n).round(1).tolist()
    return [
        {"prediction": 1.5, "features": {"age": age, "fare": fare, "plan": "gold"}}
        for age, fare in zip(ages, fares, strict=True)
    ]


def reference_of(found, tau=1.0):
    """Return a reference of records that are told to depend on each other."""
    profile = Profile()
    profile.add(batch(*found, features=None))
    columns = tuple(replace(column.unordered(), tau=tau) for column in profile.columns())
    return Reference("bot", "1", Provenance((), len(found), None, None), columns)


REFERENCE_RECORDS = records(4_000, 0)
REFERENCE = reference_of(REFERENCE_RECORDS)


def monitor(reference=REFERENCE, *, hold=False, age="t", fare="ks", **changed):
    """Return a monitor of a t-test of the age and an exact test of the fare."""
    columns = {
        "age": ColumnSettings(test=age, exact=True),
        "fare": ColumnSettings(test=fare, exact=True),
        "plan": ColumnSettings(),
    }
    settings = DriftSettings(reference=Path("ref"), columns=columns, hold=hold, **changed)
    return DriftSamples(LABELS, settings, reference)


def feed(samples, found, size=5_000):
    """Fold in records in batches of a size."""
    for start in range(0, len(found), size):
        samples.update(batch(*found[start : start + size], features=FEATURES))
    return samples


def column(found, name):
    """Return a feature of records."""
    return np.array([record["features"][name] for record in found])


def scipys(test, values, reference):
    """Return scipy's p-value."""
    if test in ("anova", "welch_anova"):
        groups = [reference, *np.array_split(values, 20)]
        return f_oneway(*groups, equal_var=test == "anova").pvalue
    return {
        "t": lambda: ttest_ind(values, reference, equal_var=False).pvalue,
        "ks": lambda: ks_2samp(values, reference, method="asymp").pvalue,
        "mwu": lambda: mannwhitneyu(values, reference, method="asymptotic").pvalue,
        "cvm": lambda: cramervonmises_2samp(values, reference, method="asymptotic").pvalue,
        "ad": lambda: anderson_ksamp([values, reference], variant="midrank").pvalue,
    }[test]()


@pytest.mark.parametrize("test", ["t", "ks", "mwu", "cvm", "ad", "anova", "welch_anova"])
def test_p_values_are_scipys_on_the_last_ten_thousand(test):
    """To 1e-9, of more values than are kept."""
    found = records(12_345, 1, shift=0.03)
    shown = series(feed(monitor(age=test), found))
    expected = scipys(test, column(found, "age")[-CAPACITY:], column(REFERENCE_RECORDS, "age"))
    pvalue = shown[f"model_drift_pvalue{{{WHERE}age,test={test}}}"]
    assert pvalue == pytest.approx(expected, abs=1e-9)
    assert 1e-6 < pvalue < 0.9
    assert shown[f"model_drift_effective_samples{{{WHERE}age}}"] == CAPACITY


def test_p_values_are_corrected_and_drift_is_told():
    """Of the columns that are tested in this way, as a family of their own."""
    shown = series(feed(monitor(), records(2_000, 2, shift=0.4)))
    pvalues = [
        shown[f"model_drift_pvalue{{{WHERE}{name},test={test}}}"]
        for name, test in (("age", "t"), ("fare", "ks"))
    ]
    adjusted = [
        shown[f"model_drift_adjusted_pvalue{{{WHERE}{name},test={test}}}"]
        for name, test in (("age", "t"), ("fare", "ks"))
    ]
    assert adjusted == pytest.approx(holm(np.array(pvalues)).tolist())
    assert shown[f"model_drift_detected{{{WHERE}age}}"] == 1
    assert shown[f"model_drift_detected{{{WHERE}fare}}"] == 0
    assert shown["model_drift_features_ratio{window=last_10000}"] == 0.5
    assert not any("plan" in name or "prediction" in name for name in shown)


def test_a_trifle_is_no_drift_however_significant():
    """A tenth of a standard deviation is a difference of .04 between the distributions."""
    shown = series(feed(monitor(), records(CAPACITY, 3, shift=0.1)))
    assert shown[f"model_drift_adjusted_pvalue{{{WHERE}age,test=t}}"] < 1e-4
    assert shown[f"model_drift_detected{{{WHERE}age}}"] == 0


def test_drift_is_held_once_every_half_of_the_values_shows_it():
    """It comes with the first value that moved only where nothing is to be held."""
    held, hasty = monitor(hold=True), monitor()
    still, moved = records(4_000, 4), records(6_000, 5, shift=0.5)
    name = f"model_drift_detected{{{WHERE}age}}"
    for one in (held, hasty):
        feed(one, still + moved)
    assert (series(held)[name], series(hasty)[name]) == (0, 1)
    for one in (held, hasty):
        feed(one, records(3_500, 6, shift=0.5))
    assert (series(held)[name], series(hasty)[name]) == (1, 1)
    assert series(feed(held, records(2_000, 7)))[name] == 1
    assert series(feed(held, records(4_000, 8)))[name] == 0


def test_diagnostics_stand_beside_and_decide_nothing():
    """A wider spread of the same mean: Levene tells, t does not, the ratio says how much."""
    found = records(3_000, 9, spread=1.3)
    shown = series(feed(monitor(hold=True), found))
    values, reference = column(found, "age"), column(REFERENCE_RECORDS, "age")
    spread = levene(values, reference, center="median")
    prefix = "model_drift_diagnostic_"
    where = f"{WHERE}age,test="
    assert shown[f"{prefix}statistic{{{where}levene}}"] == pytest.approx(spread.statistic)
    assert shown[f"{prefix}pvalue{{{where}levene}}"] == pytest.approx(spread.pvalue, abs=1e-9)
    for test in ("anova", "welch_anova"):
        expected = scipys(test, values, reference)
        assert shown[f"{prefix}pvalue{{{where}{test}}}"] == pytest.approx(expected, abs=1e-9)
    ratio = values.var(ddof=1) / reference.var(ddof=1)
    assert shown[f"model_drift_relative_variance{{{WHERE}age}}"] == pytest.approx(ratio)
    assert shown[f"model_drift_detected{{{WHERE}age}}"] == 0


def test_too_few_independent_values_give_a_reason_and_no_result():
    """499 of 500; 1,000 of which four are worth one; a reference that is too small."""
    shown = series(feed(monitor(), records(499, 10)))
    assert shown[f"model_drift_evaluable{{{WHERE}age,reason=too_few_rows}}"] == 0
    assert not any("pvalue" in name or "variance" in name or "ratio" in name for name in shown)
    shown = series(feed(monitor(), records(500, 10)))
    assert shown[f"model_drift_evaluable{{{WHERE}age,reason=}}"] == 1
    shown = series(feed(monitor(reference_of(REFERENCE_RECORDS, 4.0)), records(1_000, 10)))
    assert shown[f"model_drift_effective_samples{{{WHERE}age}}"] == 250
    assert shown[f"model_drift_evaluable{{{WHERE}age,reason=too_few_rows}}"] == 0
    shown = series(feed(monitor(reference_of(REFERENCE_RECORDS[:99])), records(1_000, 10)))
    assert shown[f"model_drift_evaluable{{{WHERE}age,reason=too_few_reference_rows}}"] == 0


def test_dependent_values_are_worth_fewer():
    """Four times as many, each four times in a row, tell what the four times fewer told."""
    once = records(2_000, 11, shift=0.06)
    plain = series(feed(monitor(), once))
    repeated = [record for record in once for _ in range(4)]
    reference = reference_of([record for record in REFERENCE_RECORDS for _ in range(4)], 4.0)
    shown = series(feed(monitor(reference), repeated))
    for name, test in (("age", "t"), ("fare", "ks")):
        key = f"model_drift_pvalue{{{WHERE}{name},test={test}}}"
        assert shown[key] == pytest.approx(plain[key], rel=1e-3)


def test_tests_of_means_take_the_autocorrelation_time_of_the_mean():
    """The age by a t-test; the fare by a test that compares shares."""
    columns = tuple(
        replace(column, tau=2.0, tau_mean=5.0) if column.kind == "numeric" else column
        for column in REFERENCE.columns
    )
    samples = feed(monitor(replace(REFERENCE, columns=columns)), records(5_000, 11))
    shown = series(samples)
    assert shown[f"model_drift_effective_samples{{{WHERE}age}}"] == 1_000
    assert shown[f"model_drift_effective_samples{{{WHERE}fare}}"] == 2_500


def test_missing_values_failures_and_labels_are_passed_over():
    """What has no number is not kept."""
    samples = feed(monitor(), records(700, 12))
    before = series(samples)
    feed(samples, [{"error": "timeout", "features": {"age": 900}}] * 9)
    feed(samples, [{"request_id": "r", "true_label": 1}] * 9)
    feed(samples, [{"prediction": 1, "features": {"age": None, "fare": "free"}}] * 9)
    assert series(samples) == before


def test_batches_restarts_and_merging_make_no_difference():
    """As long as the records come in the same order."""
    found = records(CAPACITY + 1_700, 13, shift=0.05)
    whole = series(feed(monitor(), found))
    for size in (1_300, 4_000):
        restored = through_storage(feed(monitor(), found[:6_001], size), monitor())
        assert series(feed(restored, found[6_001:], size)) == whole
    first, second = feed(monitor(), found[:4_000]), feed(monitor(), found[4_000:])
    first.merge(second)
    assert series(first) == whole


def test_stored_values_outlive_a_new_reference_and_other_columns():
    """They are values, not counts at cells of anything."""
    found = records(900, 14)
    other = reference_of(records(3_000, 15))
    restored = through_storage(feed(monitor(), found), monitor(other, fare="ad"))
    assert series(restored) == series(feed(monitor(other, fare="ad"), found))


def test_tests_run_once_for_each_snapshot_and_see_what_it_holds():
    """Values that come later are another snapshot's."""
    samples = feed(monitor(), records(800, 16))
    taken = samples.snapshot()
    assert samples.snapshot() is taken
    feed(samples, records(800, 17, shift=2.0))
    assert samples.snapshot() is not taken
    assert taken.look is taken.look
    assert taken.look.results.samples[0].tolist() == [800, 800]


def test_without_such_columns_there_is_nothing():
    """No memory, no series."""
    samples = DriftSamples(LABELS, DriftSettings(reference=Path("ref")), REFERENCE)
    feed(samples, records(600, 18))
    assert series(samples) == {}
    assert samples.dump() == {"values": {}}


@pytest.mark.parametrize("test", ["t", "ks", "ad", "cvm", "mwu", "anova", "welch_anova"])
def test_huge_and_constant_values_give_no_nan(test):
    """A reference of numbers around 40, values of 1e300; and nothing but one number."""
    samples = monitor(age=test)
    feed(samples, [{"prediction": 1, "features": {"age": 1e300, "fare": 1}}] * 600)
    assert not any(np.isnan(value) for value in series(samples).values())
    feed(samples, [{"prediction": 1, "features": {"age": -1e300, "fare": 2}}] * 100)
    assert not any(np.isnan(value) for value in series(samples).values())
