"""Evidence for drift, record by record."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.drift_evidence import DriftEvidence
from exporter.storage.encoding import decode, encode
from tests.monitors.builders import batch

LABELS = {"model": "bot", "version": "1"}
LIMIT = math.log10(2 / (0.01 / 3))


def records(n, seed, shift=0.0):
    """Return predictions with a number and a class."""
    random = np.random.default_rng(seed)
    ages = (40 + 10 * (random.normal(size=n) + shift)).tolist()
    plans = random.choice(["gold", "tin"], n, p=[0.3, 0.7]).tolist()
    return [
        {"prediction": "no", "features": {"age": age, "plan": plan}}
        for age, plan in zip(ages, plans, strict=True)
    ]


def profiled(found):
    """Return a reference of records."""
    profile = Profile()
    profile.add(batch(*found, features=None))
    return Reference("bot", "1", Provenance((), len(found), None, None), profile.columns())


REFERENCE = profiled(records(5000, 1))
SETTINGS = DriftSettings(reference=Path("ref"))


def monitor(settings=SETTINGS, reference=REFERENCE):
    """Return a monitor of the reference."""
    return DriftEvidence(LABELS, settings, reference)


def feed(evidence, found, size=1000):
    """Fold in records in batches of a size."""
    for start in range(0, len(found), size):
        evidence.update(batch(*found[start : start + size], features=("age", "plan")))


def shown(evidence):
    """Return the value of each series by name and feature."""
    return {
        (sample.name, sample.labels.get("feature")): sample.value
        for family in evidence.families(evidence.snapshot(), 0.0)
        for sample in family.samples
    }


def test_evidence_grows_for_what_drifts_alone():
    """A shift of half a standard deviation, after 5,000 records without any."""
    evidence = monitor()
    feed(evidence, records(5000, 2))
    before = shown(evidence)
    assert before["model_drift_evidence_limit_log10", None] == pytest.approx(LIMIT)
    assert all(before["model_drift_evidence_log10", name] < 1 for name in ("age", "plan"))
    feed(evidence, records(1000, 3, shift=0.5))
    after = shown(evidence)
    assert after["model_drift_evidence_log10", "age"] > LIMIT
    assert after["model_drift_evidence_log10", "plan"] < 1
    assert {feature for _, feature in after} == {"age", "plan", "prediction", None}


def test_batches_and_restarts_make_no_difference():
    """To the last digit."""
    found = records(3000, 4, shift=0.1)
    whole = monitor()
    feed(whole, found, 3000)
    for size in (1, 7, 130):
        parts = monitor()
        feed(parts, found[:1501], size)
        restored = monitor()
        restored.load(decode(encode(parts.dump())))
        feed(restored, found[1501:], size)
        assert shown(restored) == shown(whole)


def test_failed_attempts_and_mere_labels_are_no_evidence():
    """Nor are columns without a value."""
    evidence = monitor()
    before = shown(evidence)
    feed(evidence, [{"error": "timeout", "features": {"age": 900}}] * 200)
    feed(evidence, [{"request_id": "r", "true_label": "no"}] * 200)
    feed(evidence, [{"prediction": "no", "features": {"age": None}}] * 90)
    assert shown(evidence) == before


def test_chosen_columns_share_alpha():
    """Fewer columns, less evidence needed."""
    settings = DriftSettings(
        reference=Path("ref"), columns={"age": ColumnSettings()}, evidence_alpha=0.02
    )
    limit = shown(monitor(settings))["model_drift_evidence_limit_log10", None]
    assert limit == pytest.approx(math.log10(2 / 0.02))


def test_a_reference_of_few_values_gives_none():
    """What it leaves open is nearly everything."""
    assert shown(monitor(reference=profiled(records(99, 1)))) == {}


@pytest.mark.parametrize(
    ("settings", "reference", "message"),
    [
        (SETTINGS, profiled(records(5000, 9)), "reference"),
        (DriftSettings(reference=Path("ref"), evidence_alpha=0.05), REFERENCE, "evidence_alpha"),
    ],
)
def test_evidence_of_another_kind_is_refused(settings, reference, message):
    """It would mean something else."""
    with pytest.raises(ValueError, match=message):
        monitor(settings, reference).load(decode(encode(monitor().dump())))
