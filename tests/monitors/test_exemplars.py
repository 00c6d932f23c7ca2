"""Which request stands for a bucket or a failure, and which never does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.monitors.confidence import Confidence
from exporter.monitors.exemplars import MOST_CHARACTERS, Exemplars
from exporter.monitors.first_token import FirstToken
from exporter.monitors.latency import Latency
from exporter.monitors.throughput import Throughput
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, unlimited


def named(monitor, *records, label="le"):
    """Return what stands for which series, after some records: value, id, and the time."""
    monitor.update(batch(*records))
    return {
        sample.labels[label]: (sample.value, sample.exemplar)
        for family in monitor.families(monitor.snapshot(), NOW)
        for sample in family.samples
        if sample.exemplar is not None
    }


def test_the_latest_request_of_each_bucket():
    """By the time of the event, whatever the order of the lines; others keep theirs."""
    monitor = Latency(LABELS, WINDOWS)
    found = named(
        monitor,
        {"request_id": "quick", "latency_ms": 3, "timestamp": NOW - 9},
        {"request_id": "slow", "latency_ms": 3000, "timestamp": NOW - 5},
        {"request_id": "late", "latency_ms": 4000, "timestamp": NOW - 8},
        {"latency_ms": 4500, "timestamp": NOW - 1},
    )
    assert found == {
        "0.005": (1.0, ({"request_id": "quick"}, 0.003, NOW - 9)),
        "5.0": (4.0, ({"request_id": "slow"}, 3.0, NOW - 5)),
    }
    found = named(
        monitor,
        {"request_id": "later still", "latency_ms": 3500, "timestamp": NOW - 7},
        {"request_id": 17, "latency_ms": 20_000, "timestamp": NOW},
    )
    assert found["5.0"] == (5.0, ({"request_id": "slow"}, 3.0, NOW - 5))
    assert found["+Inf"] == (6.0, ({"request_id": "17"}, 20.0, NOW))


def test_the_latest_failure_of_each_type():
    """A failure counts one."""
    found = named(
        Throughput(LABELS, WINDOWS, unlimited()),
        {"request_id": "a", "error": True, "error_type": "Timeout", "timestamp": NOW},
        {"request_id": "b", "error": True, "error_type": "Memory", "timestamp": NOW},
        {"request_id": "c", "error": True, "error_type": "Timeout", "timestamp": NOW},
        {"request_id": "d", "prediction": "fine", "timestamp": NOW},
        label="error_type",
    )
    assert found == {
        "Timeout": (2.0, ({"request_id": "c"}, 1.0, NOW)),
        "Memory": (1.0, ({"request_id": "b"}, 1.0, NOW)),
    }


def test_confidence_and_the_first_token_name_requests_too():
    """In the unit of their series."""
    record = {
        "request_id": "a",
        "confidence": 0.15,
        "time_to_first_token_ms": 300,
        "timestamp": NOW,
    }
    assert named(Confidence(LABELS, WINDOWS), record) == {
        "0.2": (1.0, ({"request_id": "a"}, 0.15, NOW))
    }
    assert named(FirstToken(LABELS, WINDOWS), record) == {
        "0.5": (1.0, ({"request_id": "a"}, 0.3, NOW))
    }


def test_none_is_kept_where_none_is_wanted():
    """Nor where no record has an identity."""
    record = {"request_id": "a", "latency_ms": 3}
    assert named(Latency(LABELS, WINDOWS, exemplars=False), record) == {}
    assert named(Latency(LABELS, WINDOWS), {"latency_ms": 3}) == {}


def test_an_id_that_the_format_would_refuse_is_passed_over():
    """OpenMetrics takes 128 characters, the name of the label among them."""
    longest = "é" * (MOST_CHARACTERS - len("request_id"))
    monitor = Latency(LABELS, WINDOWS)
    record = {"request_id": longest + "x", "latency_ms": 3, "timestamp": NOW}
    assert named(monitor, record) == {}
    found = named(monitor, record | {"request_id": longest})
    assert found == {"0.005": (2.0, ({"request_id": longest}, 0.003, NOW))}


events = st.tuples(st.integers(0, 3), st.integers(-20, 0), st.booleans())


@given(st.lists(events, max_size=30), st.lists(st.integers(1, 7), max_size=30))
def test_as_if_the_records_had_come_one_by_one(events, sizes):
    """However the log is cut into batches."""
    records = [
        {"request_id": str(n) if known else None, "prediction": str(cell), "timestamp": NOW + age}
        for n, (cell, age, known) in enumerate(events)
    ]
    expected = {}
    for cell, age, request in ((c, a, str(n)) for n, (c, a, known) in enumerate(events) if known):
        if cell not in expected or expected[cell][2] <= NOW + age:
            expected[cell] = ({"request_id": request}, 1.0, NOW + age)
    exemplars = Exemplars(4)
    while records:
        size = sizes.pop() if sizes else len(records)
        part, records = batch(*records[:size]), records[size:]
        cells = np.array([int(one) for one in part.prediction.decode()])
        exemplars.observe(part, cells)
    assert exemplars.view() == expected
