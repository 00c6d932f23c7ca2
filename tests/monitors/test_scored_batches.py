"""What is said of probabilities and scores does not depend on how a log is cut into batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from exporter.monitors.calibration import Calibration
from exporter.monitors.probabilities import Probabilities
from exporter.monitors.scores import Scores
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition, series, through_storage

percents = st.integers(0, 100).map(lambda percent: percent / 100)


@st.composite
def logs(draw, classes=("ham", "spam")):
    """Return records that tell probabilities in all ways, with labels or without."""
    records = []
    for _ in range(draw(st.integers(1, 12))):
        prediction, label = draw(st.sampled_from(classes)), draw(st.sampled_from((*classes, None)))
        record = {"timestamp": NOW, "prediction": prediction, "true_label": label}
        keys = draw(st.lists(st.sampled_from(classes), unique=True))
        if keys:
            record["probabilities"] = {key: draw(percents) for key in keys}
        elif draw(st.booleans()):
            record["confidence"] = draw(percents)
        records.append(record)
    return records


def monitors(positive=None):
    """Return fresh monitors."""
    return (
        Calibration(LABELS, WINDOWS),
        Probabilities(LABELS, WINDOWS),
        Scores(LABELS, WINDOWS, positive),
    )


def fed(*batches, positive=None):
    """Return monitors that have seen batches, each a list of records."""
    found = monitors(positive)
    for records in batches:
        read = batch(*records)
        for monitor in found:
            monitor.update(read)
    return found


@settings(max_examples=150)
@given(
    logs() | logs(("a", "b", "c", "d")) | logs(("no", "maybe")),
    st.randoms(),
    st.none() | st.sampled_from(("ham", "spam")),
)
def test_one_batch_or_one_for_each_record(records, chance, positive):
    """In any order, after a restart, and merged from two halves."""
    whole = series(*fed(records, positive=positive))
    shuffled = chance.sample(records, len(records))
    single = fed(*([record] for record in shuffled), positive=positive)
    assert series(*single) == pytest.approx(whole, abs=1e-9)
    half = len(shuffled) // 2
    merged = fed(*([record] for record in shuffled[:half]), positive=positive)
    rest = fed(*([record] for record in shuffled[half:]), positive=positive)
    for mine, theirs in zip(merged, rest, strict=True):
        mine.merge(theirs)
    assert series(*merged) == pytest.approx(whole, abs=1e-9)
    pairs = zip(single, monitors(positive), strict=True)
    restored = [through_storage(monitor, fresh) for monitor, fresh in pairs]
    assert exposition(*restored) == exposition(*single)


@settings(max_examples=60)
@given(logs())
def test_counters_of_two_classes_never_fall(records):
    """Nor where a record has no label."""
    found, before = monitors(), {}
    for record in records:
        for monitor in found:
            monitor.update(batch(record))
        now = series(*found)
        counts = {key: value for key, value in now.items() if "{window" not in key}
        assert all(counts[key] >= value - 1e-12 for key, value in before.items())
        before = counts


def test_the_probability_of_the_positive_class_alone():
    """Tells that of the other one."""
    actual, score = [1, 0, 1, 0], [0.9, 0.2, 0.6, 0.4]
    records = [
        {"prediction": round(p), "true_label": label, "probabilities": {"1": p}}
        for label, p in zip(actual, score, strict=True)
    ]
    found = series(*fed(records))
    assert found["model_log_loss{window=1m}"] == pytest.approx(metrics.log_loss(actual, score))
    brier = metrics.brier_score_loss(actual, score)
    assert found["model_brier_score{window=1m}"] == pytest.approx(brier)
    assert found["model_roc_auc_ratio{window=1m}"] == metrics.roc_auc_score(actual, score)


def test_a_class_that_was_not_logged_is_not_among_the_first_k():
    """Where fewer than k were logged too."""
    records = [
        {"prediction": "a", "true_label": "z", "probabilities": {"a": 0.9, "b": 0.1}},
        {"prediction": "c", "true_label": "c", "probabilities": {"c": 0.5, "d": 0.5}},
    ]
    assert series(*fed(records))["model_top_k_accuracy_ratio{window=1m,k=3}"] == 0.5


def test_calibration_is_of_the_predicted_class():
    """Which a threshold may have chosen though the other one is more probable."""
    record = {"prediction": "0", "true_label": "0", "probabilities": {"0": 0.4, "1": 0.6}}
    found = series(*fed([record]))
    assert found["model_calibration_correct_total{bin=0.4}"] == 1
    assert found["model_expected_calibration_error{window=1m}"] == pytest.approx(0.6)


def test_scores_of_a_class_seen_alone_first():
    """They are of the negative class, as turns out with the second one."""
    random = np.random.default_rng(4)
    score = random.integers(0, 101, 200) / 100
    actual = np.sort(random.random(200) < 0.5)
    records = [
        {
            "prediction": "spam" if p > 0.5 else "ham",
            "true_label": "spam" if label else "ham",
            "confidence": max(p, 1 - p),
        }
        for label, p in zip(actual.tolist(), score.tolist(), strict=True)
    ]
    sure = [record for record in records if record["prediction"] == record["true_label"]]
    found = series(*fed(*([record] for record in sure)))
    assert found["model_score_count{actual=0}"] == sum(r["true_label"] == "ham" for r in sure)
    assert found["model_roc_auc_ratio{window=1h}"] == 1
