from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstwobign

from exporter.config import DriftSettings
from exporter.drift.attributions import AttributionProfile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.attribution_drift import AttributionDrift
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, parse, series, through_storage

SCALES = {"age": 3.0, "income": 2.0, "plan": 0.5}


def records(n, seed, scales=None, **fields):
    """Return predictions with attributions of different sizes, of either sign, in eighths."""
    random = np.random.default_rng(seed)
    return [
        {
            "prediction": "a",
            "attributions": {
                name: round(8 * random.normal(0, scale)) / 8
                for name, scale in (scales or SCALES).items()
            },
        }
        | fields
        for _ in range(n)
    ]


def reference_of(rows):
    """Build a reference of records that are told to be independent."""
    profile = AttributionProfile()
    profile.add(parse(*rows))
    columns = tuple(replace(column, tau=1.0) for column in profile.finish())
    return Reference("bot", "", Provenance((), len(rows), None, None), (), attributions=columns)


ROWS = records(2_000, seed=0)
REFERENCE = reference_of(ROWS)


def monitor(reference=REFERENCE, **changed):
    """Return a monitor of the reference."""
    settings = DriftSettings(reference=Path("x"), **changed)
    return AttributionDrift(LABELS, WINDOWS, settings, reference)


def fed(rows, **options):
    """Return a monitor that has seen some records."""
    drift = monitor(**options)
    drift.update(batch(*rows))
    return drift


def test_nothing_before_the_first_attribution():
    """Most logs have none; and those of failed attempts are no predictions' attributions."""
    drift = monitor()
    drift.update(batch({"prediction": "a"}))
    drift.update(batch({"error": "timeout", "attributions": {"age": 1}}))
    assert drift.snapshot() == ()
    assert series(drift) == {}


def test_p_values_are_scipys_with_holms_correction():
    """On absolute values; the smallest of three p-values times three."""
    rows = records(800, seed=1, scales=SCALES | {"age": 3.6})
    found = series(fed(rows))
    raw = {}
    for name in SCALES:
        old, new = ([abs(row["attributions"][name]) for row in part] for part in (ROWS, rows))
        distance = ks_2samp(old, new, method="asymp").statistic
        at = f"{{window=1m,feature={name}}}"
        assert found[f"model_attribution_drift_statistic{at}"] == pytest.approx(distance)
        raw[name] = kstwobign.sf(np.sqrt(2_000 * 800 / 2_800) * distance)
        assert found[f"model_attribution_drift_effective_samples{at}"] == 800
    assert min(raw, key=raw.get) == "age"
    pvalue = found["model_attribution_drift_pvalue{window=1m,feature=age}"]
    assert pvalue == pytest.approx(3 * raw["age"], rel=1e-6)
    assert pvalue < 0.01


def test_the_order_of_features_is_compared():
    """All as it was is 1; the most important one that is the least now is less."""
    same = series(fed(records(800, seed=2)))
    assert same["model_attribution_rank_agreement_ratio{window=1h}"] == pytest.approx(1.0)
    turned = series(fed(records(800, seed=3, scales=SCALES | {"age": 0.1})))
    agreement = turned["model_attribution_rank_agreement_ratio{window=1h}"]
    means = {column.name: column.moments.mean for column in REFERENCE.attributions}
    discounts = 1 / np.log2([2, 3, 4])
    ideal = np.dot([means["age"], means["income"], means["plan"]], discounts)
    now = np.dot([means["income"], means["plan"], means["age"]], discounts)
    assert agreement == pytest.approx(now / ideal)


def test_a_feature_that_is_no_longer_logged_ranks_last():
    """It contributes nothing; the test of its values lacks values."""
    found = series(fed(records(800, seed=4, scales={"income": 2.0, "plan": 0.5, "new": 9.0})))
    assert found["model_attribution_rank_agreement_ratio{window=1m}"] < 0.9
    reason = "window=1m,feature=age,reason=too_few_rows"
    assert found[f"model_attribution_drift_evaluable{{{reason}}}"] == 0
    assert not any("feature=new" in name for name in found)


def test_few_records_have_a_reason_in_place_of_a_value():
    """Of each feature, and of the ranking."""
    found = series(fed(records(100, seed=5)))
    assert found["model_attribution_rank_evaluable{window=1m,reason=too_few_rows}"] == 0
    assert found["model_attribution_rank_effective_samples{window=1m}"] == 100
    assert not any("pvalue" in name or "agreement" in name for name in found)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (reference_of(records(50, seed=6)), "too_few_reference_rows"),
        (reference_of(records(200, seed=6, scales={"age": 1.0})), "too_few_features"),
        (reference_of(records(200, seed=6, scales={"age": 0.0, "b": 0.0})), "too_few_features"),
    ],
)
def test_a_reference_that_allows_no_ranking(reference, reason):
    """Too small, of a single feature, or of features that contribute nothing."""
    found = series(fed(records(800, seed=7), reference=reference))
    assert found[f"model_attribution_rank_evaluable{{window=1m,reason={reason}}}"] == 0


def test_resembling_attributions_are_worth_fewer():
    """By the longest autocorrelation time among the features, for the ranking."""
    columns = [replace(column, tau=4.0) for column in REFERENCE.attributions]
    found = series(fed(records(800, seed=8), reference=replace(REFERENCE, attributions=columns)))
    assert found["model_attribution_rank_effective_samples{window=1m}"] == 200
    assert found["model_attribution_rank_evaluable{window=1m,reason=too_few_rows}"] == 0


def test_an_hour_later_the_window_is_empty():
    """It says so, and has no value."""
    found = series(fed(records(800, seed=9)), now=NOW + 7_200)
    assert found["model_attribution_rank_effective_samples{window=1h}"] == 0
    assert not any("pvalue" in name or "agreement" in name for name in found)


def test_another_reference_starts_afresh():
    """Its cells are others."""
    drift = fed(records(10, seed=10))
    assert series(through_storage(drift, monitor())) == series(drift)
    other = monitor(reference=reference_of(records(300, seed=11)))
    with pytest.raises(ValueError, match="reference has changed"):
        through_storage(drift, other)
