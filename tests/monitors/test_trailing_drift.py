from __future__ import annotations

import numpy as np
import pytest

from exporter.config import DriftSettings, ModelSource
from exporter.event_time import EventTime
from exporter.monitors import awaited
from exporter.storage import encoding
from exporter.windows import Window
from tests.monitors.builders import LABELS, NOW, parse, series

WINDOWS = (Window("10m", 600.0),)
REFERENCE = {"first": 200, "trailing": "2h", "delay": "30m"}
SETTINGS = DriftSettings.model_validate({"reference": REFERENCE, "min_samples": 100})
SOURCE = ModelSource(name="bot", paths=("app.log",), drift=SETTINGS)
START = NOW - 4 * 3600.0
DETECTED = "model_drift_detected{window=10m,feature=age}"
REFERENCE_SAMPLES = "model_drift_reference_effective_samples{window=10m,feature=age}"
INCOMPLETE = "model_drift_evaluable{window=10m,feature=age,reason=reference_incomplete}"


def predictions(last, shift_from=None, seed=0, version="1"):
    """Return predictions, one in four seconds of the last seconds of `last` before now."""
    random = np.random.default_rng(seed)
    found = []
    for time in np.arange(START, NOW - last, 4.0).tolist():
        shift = 0.0 if shift_from is None or time < shift_from else 1.0
        features = {"age": float(random.normal(shift))}
        found.append({"timestamp": time, "prediction": "a", "features": features}
                     | {"model_version": version})  # fmt: skip
    return found


class Model:
    """The monitors of a model and of its version, as the pipeline runs them."""

    def __init__(self, reference=None):
        self.kept = []
        first = awaited.records(SOURCE, reference, {}, None)
        trailing = awaited.trailing(SOURCE, WINDOWS, replay=True)
        self.place = EventTime(WINDOWS, replay=True)
        self.all = awaited.of_model(first, reference, {"model": "bot"}, trailing, at_once=True)
        self.all += awaited.monitors(SETTINGS, first, LABELS, WINDOWS, trailing)
        if reference is not None:
            self.all += awaited.against_period(SETTINGS, reference, LABELS, WINDOWS, trailing)
        self.first = first

    def update(self, records, size=500):
        """Fold in batches."""
        for start in range(0, len(records), size):
            made = self.place.place(parse(*records[start : start + size], features=None))
            for monitor in self.all:
                monitor.update(made)
        return self

    def shown(self, now=NOW):
        """Return what is exposed, but for how far the reference is."""
        found = series(*self.all, now=now)
        return {name: value for name, value in found.items() if "complete_ratio" not in name}

    def handed_to(self, after):
        """Return another one that goes on from what this one stored."""
        stored = {one.name: encoding.decode(encoding.encode(one.dump())) for one in self.all}
        for monitor in after.all:
            if stored.get(monitor.name) is not None:
                monitor.load(stored[monitor.name])
        return after


@pytest.mark.parametrize("size", [61, 500, 4000])
def test_a_shift_is_found_until_it_is_the_period(size):
    """After two windows, and no more once it has lasted for as long as all that is looked at."""
    recent = Model().update(predictions(0, shift_from=NOW - 1500), size).shown()
    assert recent[DETECTED] == 1.0
    assert recent[REFERENCE_SAMPLES] == pytest.approx(1800, rel=0.05)
    old = Model().update(predictions(0, shift_from=START + 800), size).shown()
    assert old[DETECTED] == 0.0
    assert old["model_drift_pvalue{window=10m,feature=age,test=ks}"] > 0.01


def test_it_takes_the_whole_period():
    """Before that nothing is evaluable, though the bins are there."""
    model = Model().update(predictions(3 * 3600.0))
    shown = model.shown(NOW - 3 * 3600.0)
    assert shown[INCOMPLETE] == 0.0
    assert DETECTED not in shown
    model.update([one for one in predictions(0) if one["timestamp"] >= NOW - 3 * 3600.0])
    assert INCOMPLETE not in model.shown()
    assert model.shown()[DETECTED] == 0.0


@pytest.mark.parametrize("cut", [100, 200, 1000, 3500])
def test_a_restart_changes_nothing(cut):
    """Before the bins are there, and later; also with the reference that was written since."""
    logged = predictions(0, shift_from=NOW - 1500)
    plain = Model().update(logged)
    model = Model().update(logged[:cut])
    again = model.handed_to(Model()).update(logged[cut:])
    assert again.shown() == plain.shown()
    if cut >= 200:
        written = model.handed_to(Model(model.first.reference)).update(logged[cut:])
        assert written.shown() == plain.shown()


def test_a_new_version_is_compared_with_those_before_it():
    """Since the period is that of the model: here the version that it is."""
    logged = predictions(0)
    old = [one | {"model_version": "0"} for one in logged if one["timestamp"] < NOW - 1200]
    new = [one for one in logged if one["timestamp"] >= NOW - 1200]
    model = Model()
    whole, version = model.all[:2], model.all[2:]
    for records, monitors in ((old, whole), (new, model.all)):
        made = model.place.place(parse(*records, features=None))
        for monitor in monitors:
            monitor.update(made)
    assert len(version) == 2
    shown = model.shown()
    assert shown[DETECTED] == 0.0
    assert shown[REFERENCE_SAMPLES] == pytest.approx(1800, rel=0.05)
