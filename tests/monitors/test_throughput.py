from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.throughput import Throughput
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    exposition,
    series,
    through_storage,
    unlimited,
)


def throughput(budget=None, windows=WINDOWS):
    """Return a monitor."""
    return Throughput(LABELS, windows, budget or unlimited())


RECORDS = [
    {"timestamp": NOW - 1, "prediction": "spam"},
    {"timestamp": NOW - 1, "prediction": "ham", "confidence": 0.5},
    {"timestamp": NOW - 100, "prediction": "spam"},
    {"timestamp": NOW - 1, "prediction": "spam", "error": "too slow", "error_type": "Timeout"},
    {"timestamp": NOW - 1, "error": True},
    {"timestamp": NOW - 1, "latency_ms": 5},
    {"timestamp": NOW - 1, "request_id": "7", "true_label": "ham"},
]


def test_exposition_of_a_handful_of_records():
    """Failures and attempts without a class have class=""; ground truth alone is no attempt."""
    monitor = throughput()
    monitor.update(batch(*RECORDS))
    bounds = {n: binomtest(2, n).proportion_ci(0.95, method="wilson") for n in (5, 6)}
    found = series(monitor)
    for window, n in (("1m", 5), ("1h", 6)):
        lower = found[f"model_error_lower_ratio{{window={window}}}"]
        upper = found[f"model_error_upper_ratio{{window={window}}}"]
        assert (lower, upper) == pytest.approx((bounds[n].low, bounds[n].high), rel=1e-9)
    text = "".join(
        line
        for line in exposition(monitor).splitlines(keepends=True)
        if "model_error_lower_ratio" not in line and "model_error_upper_ratio" not in line
    )
    assert text == (
        "# HELP model_error_ratio Share of the window's attempts that failed.\n"
        "# TYPE model_error_ratio gauge\n"
        'model_error_ratio{model="bot",version="1",window="1m"} 0.4\n'
        f'model_error_ratio{{model="bot",version="1",window="1h"}} {2 / 6}\n'
        "# HELP model_errors_total Attempts that failed, by type.\n"
        "# TYPE model_errors_total counter\n"
        'model_errors_total{error_type="Timeout",model="bot",version="1"} 1.0\n'
        'model_errors_total{error_type="unknown",model="bot",version="1"} 1.0\n'
        "# HELP model_prediction_share_ratio Share of the class among the window's predicted "
        "classes.\n"
        "# TYPE model_prediction_share_ratio gauge\n"
        'model_prediction_share_ratio{class="spam",model="bot",version="1",window="1m"} 0.5\n'
        'model_prediction_share_ratio{class="ham",model="bot",version="1",window="1m"} 0.5\n'
        'model_prediction_share_ratio{class="spam",model="bot",version="1",window="1h"} '
        f"{2 / 3}\n"
        'model_prediction_share_ratio{class="ham",model="bot",version="1",window="1h"} '
        f"{1 / 3}\n"
        "# HELP model_predictions_total Attempts to predict, by predicted class; failures and "
        "numbers have no class.\n"
        "# TYPE model_predictions_total counter\n"
        'model_predictions_total{class="",model="bot",version="1"} 3.0\n'
        'model_predictions_total{class="spam",model="bot",version="1"} 2.0\n'
        'model_predictions_total{class="ham",model="bot",version="1"} 1.0\n'
        "# HELP model_throughput_per_second Attempts in the window over its whole length.\n"
        "# TYPE model_throughput_per_second gauge\n"
        f'model_throughput_per_second{{model="bot",version="1",window="1m"}} {5 / 60}\n'
        f'model_throughput_per_second{{model="bot",version="1",window="1h"}} {6 / 3600}\n'
        "# HELP model_window_predictions Attempts to predict in the window.\n"
        "# TYPE model_window_predictions gauge\n"
        'model_window_predictions{model="bot",version="1",window="1m"} 5.0\n'
        'model_window_predictions{model="bot",version="1",window="1h"} 6.0\n'
    )


def test_an_empty_window_is_an_absent_series():
    """Counters stay; a window that has slid past its records has no rolling figure."""
    monitor = throughput()
    assert series(monitor) == {"model_predictions_total{class=}": 0}
    monitor.update(batch({"timestamp": NOW, "prediction": "a"}))
    later = series(monitor, now=NOW + 120)
    assert later["model_predictions_total{class=a}"] == 1
    assert "model_window_predictions{window=1m}" not in later
    assert later["model_window_predictions{window=1h}"] == 1
    assert set(series(monitor, now=NOW + 4000)) == {
        "model_predictions_total{class=}",
        "model_predictions_total{class=a}",
    }


def test_an_empty_text_is_no_class():
    """Otherwise two series would carry class=""."""
    monitor = throughput()
    monitor.update(batch({"prediction": "", "confidence": 0.5}, {"latency_ms": 1}))
    assert series(monitor)["model_predictions_total{class=}"] == 2


def test_classes_beyond_the_fiftieth_are_other():
    """10,000 classes make 52 series: 50, other, and none."""
    monitor = throughput()
    monitor.update(batch(*[{"prediction": f"c{i}"} for i in range(10_000)]))
    found = series(monitor)
    totals = {key: value for key, value in found.items() if key.startswith("model_predictions")}
    assert len(totals) == 52
    assert totals["model_predictions_total{class=c49}"] == 1
    assert totals["model_predictions_total{class=other}"] == 9_950
    assert "model_predictions_total{class=c50}" not in totals
    assert found["model_prediction_share_ratio{window=1m,class=other}"] == 0.995


def test_other_never_shrinks():
    """What was counted as other stays there, and a known class keeps counting."""
    monitor = throughput()
    monitor.update(batch(*[{"prediction": f"c{i}"} for i in range(60)]))
    monitor.update(batch({"prediction": "c55"}, {"prediction": "c3"}))
    found = series(monitor)
    assert found["model_predictions_total{class=other}"] == 11
    assert found["model_predictions_total{class=c3}"] == 2


def test_error_types_are_bounded():
    """The fifty-first type is other; the sum is that of the failures."""
    monitor = throughput()
    monitor.update(batch(*[{"error_type": f"E{i}"} for i in range(70)]))
    found = series(monitor)
    errors = {key: value for key, value in found.items() if key.startswith("model_errors_total")}
    assert len(errors) == 51
    assert errors["model_errors_total{error_type=other}"] == 20
    assert found["model_error_ratio{window=1m}"] == 1


def test_a_spent_budget_makes_classes_other():
    """A class costs its counter and one share per window."""
    budget = SeriesBudget(7)
    monitor = throughput(budget)
    monitor.update(batch(*[{"prediction": name} for name in "abc"]))
    found = series(monitor)
    assert found["model_predictions_total{class=a}"] == 1
    assert found["model_predictions_total{class=b}"] == 1
    assert found["model_predictions_total{class=other}"] == 1
    assert budget.refused == {"model_predictions_total": 1}
    assert budget.used == 6


def test_state_survives_storage():
    """All series are the same after a restart, and numbers go on where they were."""
    monitor = throughput()
    monitor.update(batch(*RECORDS, *[{"prediction": f"c{i}"} for i in range(60)]))
    restored = through_storage(monitor, throughput())
    assert exposition(restored) == exposition(monitor)
    for each in (monitor, restored):
        each.update(batch({"prediction": "ham"}, {"prediction": "new"}))
    assert exposition(restored) == exposition(monitor)


def test_a_changed_window_starts_empty():
    """Counters and the windows that stayed are kept."""
    monitor = throughput()
    monitor.update(batch(*RECORDS))
    restored = through_storage(monitor, throughput(windows=WINDOWS[:1]))
    assert series(restored)["model_window_predictions{window=1m}"] == 5
    assert series(restored)["model_predictions_total{class=spam}"] == 2
    widened = through_storage(restored, throughput())
    assert "model_window_predictions{window=1h}" not in series(widened)


def test_a_snapshot_does_not_move():
    """A scrape reads it while the next batch is counted."""
    monitor = throughput()
    monitor.update(batch({"prediction": "a"}))
    taken = monitor.snapshot()
    before = [family.samples for family in monitor.families(taken, NOW)]
    monitor.update(batch({"prediction": "a"}, {"prediction": "b"}, {"error": "x"}))
    assert [family.samples for family in monitor.families(taken, NOW)] == before


@settings(max_examples=30)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"timestamp": st.floats(NOW - 4000, NOW)},
            optional={
                "prediction": st.sampled_from("abc"),
                "error": st.booleans(),
                "latency_ms": st.just(1),
            },
        ),
        max_size=40,
    ),
    st.integers(1, 7),
)
def test_counters_do_not_depend_on_the_batches(records, size):
    """Any split gives the series of a plain count of the records."""
    whole, parts = throughput(), throughput()
    whole.update(batch(*records))
    for start in range(0, len(records), size):
        parts.update(batch(*records[start : start + size]))
    assert series(parts) == pytest.approx(series(whole))
    expected = Counter()
    for record in records:
        if set(record) - {"timestamp"} and (record.get("error") or set(record) & DATA):
            expected["" if record.get("error") else record.get("prediction", "")] += 1
    counted = {
        key.removeprefix("model_predictions_total{class=").removesuffix("}"): value
        for key, value in series(whole).items()
        if key.startswith("model_predictions_total")
    }
    assert +Counter(counted) == expected


DATA = {"prediction", "latency_ms"}


def test_a_long_class_is_cut():
    """The label value is the first 128 characters."""
    monitor = throughput()
    monitor.update(batch({"prediction": "x" * 5000}, {"prediction": "x" * 200 + "y"}))
    assert series(monitor)[f"model_predictions_total{{class={'x' * 128}}}"] == 2


def test_the_state_does_not_grow_with_the_records():
    """A thousand records of one class and time fill the cells of a single one."""
    lines = [json.dumps({"timestamp": NOW - 1, "prediction": "a"}).encode()] * 1000
    monitor = throughput()
    single = throughput()
    monitor.update(batch(*lines))
    single.update(batch(lines[0]))
    assert series(monitor)["model_window_predictions{window=1h}"] == 1000
    stored, small = monitor.dump()["rings"][0]["slots"], single.dump()["rings"][0]["slots"]
    ((slot, cells),) = [(slot, row["cells"]) for slot, row in stored.plain().items()]
    assert np.array_equal(cells, small.value(slot)["cells"])
