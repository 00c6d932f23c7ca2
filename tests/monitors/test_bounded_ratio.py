"""A rolling share with the ends of its interval."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from exporter.monitors.bounded_ratio import BoundedRatio


def shown(ratio):
    """Return value and label values of each sample by name, and what each gauge says it is."""
    families = list(ratio)
    samples = {
        sample.name: (sample.value, tuple(sample.labels.values()))
        for family in families
        for sample in family.samples
    }
    return samples, [family.documentation for family in families]


def test_counted_shares_have_wilsons_bounds():
    """Three gauges, in order, of the same labels."""
    ratio = BoundedRatio("model_hit_ratio", "Share of hits.", ["window"])
    ratio.count(["1h"], 3, 10)
    bounds = binomtest(3, 10).proportion_ci(0.95, method="wilson")
    samples, meanings = shown(ratio)
    assert list(samples) == ["model_hit_ratio", "model_hit_lower_ratio", "model_hit_upper_ratio"]
    values = [value for value, _ in samples.values()]
    assert values == pytest.approx([0.3, bounds.low, bounds.high])
    assert {labels for _, labels in samples.values()} == {("1h",)}
    assert meanings == [
        "Share of hits.",
        "Lower end of the 95 percent Wilson interval of model_hit_ratio.",
        "Upper end of the 95 percent Wilson interval of model_hit_ratio.",
    ]


def test_another_interval_is_named():
    """What is not counted brings its own ends."""
    ratio = BoundedRatio("model_hit_ratio", "Share of hits.", ["window"], "band")
    ratio.add(["1h"], 0.5, 0.25, 0.75)
    samples, meanings = shown(ratio)
    assert [value for value, _ in samples.values()] == [0.5, 0.25, 0.75]
    assert meanings[1] == "Lower end of the 95 percent band of model_hit_ratio."


def test_nothing_without_a_count():
    """An empty window is an absent series."""
    samples, _ = shown(BoundedRatio("model_hit_ratio", "Share of hits.", []))
    assert samples == {}
