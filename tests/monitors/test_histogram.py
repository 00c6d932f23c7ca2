from __future__ import annotations

import bisect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import HistogramMetricFamily

from exporter.monitors.histogram import Histogram
from exporter.storage import encoding


def exposed(histogram):
    """Return the value of each bucket by its edge, and count and sum."""
    family = HistogramMetricFamily("x", "Help.", labels=["model"])
    histogram.add_to(family, ["bot"], histogram.view())
    assert all(sample.labels["model"] == "bot" for sample in family.samples)
    return {
        sample.labels.get("le", sample.name.removeprefix("x_")): sample.value
        for sample in family.samples
    }


def test_a_value_on_an_edge_is_in_its_bucket():
    """Prometheus buckets are closed above; +Inf holds the rest."""
    histogram = Histogram((0.1, 1.0, 10.0))
    histogram.observe(np.array([0.0, 0.1, 0.1000001, 1.0, 10.5, 99.0]))
    assert exposed(histogram) == {
        "0.1": 2,
        "1.0": 4,
        "10.0": 4,
        "+Inf": 6,
        "count": 6,
        "sum": pytest.approx(110.7000001),
    }


@given(st.lists(st.lists(st.floats(-10, 10), max_size=20), max_size=5))
def test_any_split_gives_the_counts_of_a_loop(batches):
    """Buckets are cumulative counts of `value <= edge`."""
    edges = (-1.0, 0.0, 0.5, 3.0)
    histogram, halves = Histogram(edges), (Histogram(edges), Histogram(edges))
    naive = [0] * (len(edges) + 1)
    for number, values in enumerate(batches):
        histogram.observe(np.array(values, dtype=float))
        halves[number % 2].observe(np.array(values, dtype=float))
        for value in values:
            naive[bisect.bisect_left(edges, value)] += 1
    assert histogram.view().counts.tolist() == naive
    halves[0].merge(halves[1])
    assert halves[0].view().counts.tolist() == naive
    assert halves[0].view().total == pytest.approx(sum(map(sum, batches)), abs=1e-9)


def test_state_survives_storage():
    """Counts and sum are the same."""
    histogram, restored = Histogram((1.0, 2.0)), Histogram((1.0, 2.0))
    histogram.observe(np.array([0.5, 1.5, 7.0]))
    restored.load(encoding.decode(encoding.encode(histogram.dump())))
    assert exposed(restored) == exposed(histogram)


def test_other_edges_are_refused():
    """Counts of other buckets mean something else."""
    one, two = Histogram((1.0, 2.0)), Histogram((1.0, 3.0))
    with pytest.raises(ValueError, match="can't merge histograms of different edges"):
        one.merge(two)
    with pytest.raises(ValueError, match="stored histogram has other edges"):
        one.load(two.dump())
    assert not one.fits(two.dump())
    assert one.fits(Histogram((1.0, 2.0)).dump())


def test_a_view_does_not_move():
    """It is a copy."""
    histogram = Histogram((1.0,))
    view = histogram.view()
    histogram.observe(np.array([0.5]))
    assert view.counts.tolist() == [0, 0]
    assert view.total == 0
