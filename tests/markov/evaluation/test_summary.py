from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.markov.evaluation.experiments import Trial
from exporter.markov.evaluation.metrics import Measures
from exporter.markov.evaluation.planting import Kind
from exporter.markov.evaluation.summary import MEASURES, Summary


def trial(scorer: str, host: str, test: str, seed: int, value: float) -> Trial:
    """Return a trial all of whose measures are `value`."""
    measures = Measures(*[value] * len(MEASURES))
    return Trial("train", test, host, "same", Kind.BOTH, seed, scorer, measures)


def test_means_and_deviations_are_over_pairs():
    """Each pair is the mean of its seeds."""
    summary = Summary(
        trial("x", "host", test, seed, value)
        for test, values in (("a", (0.0, 0.4)), ("b", (0.6, 1.0)))
        for seed, value in enumerate(values)
    )
    means = summary.means()
    assert [mean.measure for mean in means] == list(MEASURES)
    assert means[0].mean == pytest.approx(0.5)
    assert means[0].deviation == pytest.approx(np.std([0.2, 0.8], ddof=1))
    assert means[0].pairs == 2


def test_a_single_pair_has_no_deviation():
    """One number says nothing of how far they lie apart."""
    assert math.isnan(Summary([trial("x", "host", "a", 0, 0.3)]).means()[0].deviation)


def differing(gains: dict[str, list[float]]) -> Summary:
    """Return a summary of two scorers whose difference is given by host and pair."""
    return Summary(
        trial(scorer, host, f"{host}{n}", 0, 0.5 + (gain if scorer == "ours" else 0.0))
        for host, all_gains in gains.items()
        for n, gain in enumerate(all_gains)
        for scorer in ("theirs", "ours")
    )


def test_a_difference_is_paired():
    """Its interval is that of hosts drawn with replacement: here the mean over two of them."""
    difference = differing({"a": [0.1, 0.1], "b": [0.3, 0.3]}).differences("ours", "theirs")[0]
    assert difference.mean == pytest.approx(0.2)
    assert (difference.low, difference.high) == (pytest.approx(0.1), pytest.approx(0.3))
    assert (difference.pairs, difference.clusters) == (4, 2)


def test_many_pairs_of_few_hosts_do_not_narrow_the_interval():
    """The bootstrap draws hosts: its standard deviation is that of their means."""
    gains = np.linspace(-0.2, 0.2, 20)
    few = differing({f"h{n}": [gain] for n, gain in enumerate(gains)})
    many = differing({f"h{n}": [gain] * 9 for n, gain in enumerate(gains)})
    narrow, same = (each.differences("ours", "theirs")[0] for each in (few, many))
    assert narrow.high - narrow.low == pytest.approx(same.high - same.low)
    expected = 2 * 1.96 * gains.std() / math.sqrt(len(gains))
    assert same.high - same.low == pytest.approx(expected, rel=0.05)


def test_one_host_gives_no_interval():
    """Nor does a scorer that was not there give a difference."""
    summary = differing({"a": [0.1, 0.2]})
    assert math.isnan(summary.differences("ours", "theirs")[0].low)
    assert summary.differences("ours", "nobody") == []
