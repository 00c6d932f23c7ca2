from __future__ import annotations

import numpy as np
import pytest

from exporter.config import DriftSettings
from exporter.drift.first_records import FirstRecords as Records
from exporter.event_time import EventTime
from exporter.monitors import awaited
from exporter.monitors.drift import Drift
from exporter.monitors.first_records import FirstRecords
from exporter.storage import encoding
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition

SETTINGS = DriftSettings(reference={"first": 300}, min_samples=100, hold=False)
EVALUABLE = 'model_drift_evaluable{feature="",model="bot",reason="reference_incomplete",'


def predictions(n, seed, shift=0.0):
    """Return predictions of one moment."""
    random = np.random.default_rng(seed)
    return [
        {"timestamp": NOW - 1, "prediction": "a", "features": {"age": age}}
        for age in (random.normal(shift, 1, n)).tolist()
    ]


class Model:
    """The monitors of a model and of its version, as the pipeline runs them."""

    def __init__(self, *, at_once=False):
        self.kept = []
        records = Records("bot", "auto", 300, {}, self.kept.append)
        self.whole = FirstRecords({"model": "bot"}, records, at_once=at_once)
        self.version = awaited.monitors(SETTINGS, records, LABELS, WINDOWS)
        self.place = EventTime(WINDOWS, replay=False)

    @property
    def all(self):
        """All monitors."""
        return [self.whole, *self.version]

    def update(self, records):
        """Fold in a batch."""
        made = batch(*records, place=self.place, features=None)
        for monitor in self.all:
            monitor.update(made)

    def shown(self):
        """Return what is exposed."""
        # What comes with the last record is committed first.
        self.whole.snapshot()
        return exposition(*self.all)

    def restarted(self):
        """Return another one with what this one stored."""
        after = Model()
        for old, new in zip(self.all, after.all, strict=True):
            state = encoding.decode(encoding.encode(old.dump()))
            if state is not None:
                new.load(state)
        return after


def test_until_then_nothing_is_evaluable():
    """With the reason, and how far it is."""
    model = Model()
    model.update(predictions(150, 0))
    text = model.shown()
    assert EVALUABLE + 'version="1",window="1h"} 0.0' in text
    assert 'model_reference_complete_ratio{model="bot"} 0.5' in text
    assert "model_drift_pvalue" not in text
    assert model.kept == []


def test_then_windows_are_compared_with_them():
    """What came in one batch with the last of them is, but they are not compared with them."""
    model = Model()
    model.update(predictions(350, 0))
    effective = 'model_drift_effective_samples{feature="age",model="bot",version="1",window="1m"}'
    (line,) = (one for one in model.shown().splitlines() if one.startswith(effective))
    assert 10 < float(line.split()[-1]) <= 50
    assert [reference.provenance.records for reference in model.kept] == [300]
    model.update(predictions(200, 1, shift=1.0))
    text = model.shown()
    assert 'model_drift_detected{feature="age",model="bot",version="1",window="1m"} 1.0' in text
    assert 'model_drift_effective_samples{feature="age",model="bot",version="1"' in text
    assert 'model_feature_missing_total{feature="age",model="bot",version="1"} 0.0' in text
    assert "reference_incomplete" not in text
    assert len(model.kept) == 1


@pytest.mark.parametrize("cut", [100, 299, 300, 350])
def test_a_restart_changes_nothing(cut):
    """Before, at and after the end: the reference, and what is counted against it."""
    everything = predictions(300, 0) + predictions(300, 1, shift=0.2)
    plain, model = Model(), Model()
    for start in range(0, 600, 50):
        plain.update(everything[start : start + 50])
        if start <= cut < start + 50:
            model.update(everything[start:cut])
            model = model.restarted()
            model.update(everything[cut : start + 50])
        else:
            model.update(everything[start : start + 50])
    assert model.shown() == plain.shown()
    assert "model_drift_pvalue" in plain.shown()


def test_what_it_counted_is_loaded_by_the_monitor_that_takes_its_place():
    """Whose reference comes from the file that was written."""
    model = Model()
    model.update(predictions(300, 0))
    model.update(predictions(300, 1, shift=1.0))
    before = model.shown()
    (reference,) = model.kept
    after = Drift(LABELS, WINDOWS, SETTINGS, reference)
    assert model.version[0].name == after.name
    after.load(encoding.decode(encoding.encode(model.version[0].dump())))
    for line in exposition(after).splitlines():
        assert line in before
