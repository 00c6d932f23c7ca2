"""The text is that of prometheus_client, byte for byte, whatever labels and values hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.samples import Exemplar

from exporter.exposition.encoding import Encoder

ENCODERS = pytest.mark.parametrize("encode", [generate_latest, openmetrics])
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from('ab"\\\n{},= é\u202e\x00'), st.characters(codec="utf-8")),
    max_size=8,
)
TIMES = st.none() | st.floats(0, 2e9)
VALUES = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**18), 10**18)


class Given:
    """Yields families."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self):
        return iter(self._families)


@st.composite
def families(draw):
    """Return some families of each kind."""
    found: list[Metric] = []
    for number in range(draw(st.integers(0, 3))):
        name, text = f"family_{number}", draw(TEXTS)
        kind = draw(st.sampled_from([CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily]))
        family = kind(name, text, labels=["model", "zone"])
        for _ in range(draw(st.integers(0, 3))):
            labels = [draw(TEXTS), draw(TEXTS)]
            if kind is InfoMetricFamily:
                family.add_metric(labels, {"version": draw(TEXTS)})
            else:
                family.add_metric(labels, draw(VALUES))
            if kind is CounterMetricFamily and draw(st.booleans()):
                exemplar = Exemplar(
                    {"id": draw(TEXTS), "a": draw(TEXTS)}, draw(VALUES), draw(TIMES)
                )
                family.samples[-1] = family.samples[-1]._replace(exemplar=exemplar)
        found.append(family)
    return found


@ENCODERS
@given(families())
def test_whatever_is_in_it(encode, given):
    """Twice: what is known from the first time is the same."""
    encoder = Encoder(encode)
    for _ in range(2):
        assert encoder(given) == encode(Given(given))


@ENCODERS
def test_histograms_timestamps_exemplars_and_parts(encode):
    """What is not the common case is left to prometheus_client."""
    histogram = HistogramMetricFamily("latency_seconds", "L.", labels=["model"], unit="seconds")
    exemplar = Exemplar({"request_id": "17"}, 0.05, 1234.5)
    histogram.add_metric(["a"], [("0.1", 1.0, exemplar), ("+Inf", 3.0)], 1.5)
    timed = GaugeMetricFamily("timed", "T.")
    timed.add_metric([], 1.0, timestamp=1234.5)
    created = CounterMetricFamily("made", "M.", labels=["model"])
    created.add_metric(["a"], 4, created=123.0)
    bare = GaugeMetricFamily("bare", "B.", value=2)
    given = [histogram, timed, created, bare]
    encoder = Encoder(encode)
    for _ in range(2):
        assert encoder(given) == encode(Given(given))


@ENCODERS
def test_new_values_of_known_series(encode):
    """The value is never remembered, and labels in another order are the same series."""
    encoder = Encoder(encode)
    a, b = ("a", "b"), ("b", "a")
    for value, order in ((1.0, a), (2.5, b), (0.0, a), (-0.0, a), (0, b), (float("inf"), a)):
        family = Metric("x", "X.", "gauge")
        labels = {"a": "1", "b": "2"}
        family.add_sample("x", {name: labels[name] for name in order}, value)
        assert encoder([family]) == encode(Given([family]))


def test_what_is_no_longer_shown_is_forgotten():
    """Series that come and go fill no memory."""
    encoder = Encoder(generate_latest)
    for number in range(100):
        encoder([GaugeMetricFamily("x", "X.", value=number), labelled(str(number))])
    assert sum(map(len, encoder._prefixes.values())) == 2


def labelled(value: str) -> Metric:
    """Return a family of one series."""
    family = GaugeMetricFamily("y", "Y.", labels=["n"])
    family.add_metric([value], 1)
    return family
