from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from exporter.density import learning
from exporter.density.profile import DensityProfile
from exporter.density.row_sample import RowSample
from exporter.drift.profile import Profile
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import parse

NAN = np.nan


def sample_of(values, capacity=20_000, **more):
    """Return a sample of float64[n, d], with columns named by their numbers."""
    sample = RowSample(capacity)
    columns = {f"{learning.PREFIX}{number}": column for number, column in enumerate(values.T)}
    sample.add(columns | more, len(values))
    return sample


def learned(values, capacity=20_000, *, classes=(), ordered=True, **more):
    """Return what is learned of float64[n, d]."""
    names = [str(number) for number in range(values.shape[1])]
    sample = sample_of(values, capacity, **more)
    return learning.learn(sample, "features", names, classes, ordered=ordered)


def p_values(reference, values, groups=None):
    """Return the p-values of records; those of no class of its own by default."""
    coordinates, _ = reference.space.coordinates(values)
    if groups is None:
        groups = np.full(len(values), len(reference.score.classes))
    return reference.calibration.p_values(reference.score.of(coordinates, groups))


def correlated(n, seed):
    """Return two numbers that are nearly the same."""
    random = np.random.default_rng(seed)
    first = random.standard_normal(n)
    return np.column_stack([first, first + 0.1 * random.standard_normal(n)])


def autoregressive(n, rho, seed):
    """Return a series of numbers, each like the one before."""
    noise = np.random.default_rng(seed).standard_normal(n + 100)
    return lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise)[100:, None]


def test_records_like_the_references_are_improbable_as_often_as_they_ought():
    """P <= alpha has probability alpha, over fresh references; for few records as well."""
    shares = []
    for seed in range(30):
        reference = learned(correlated(800, seed))
        shares.append((p_values(reference, correlated(500, 1_000 + seed)) <= 0.05).mean())
    assert np.mean(shares) == pytest.approx(0.05, abs=0.008)


def test_what_is_usual_in_each_column_but_not_together_is_improbable():
    """No column alone shows it."""
    reference = learned(correlated(4_000, 0))
    assert p_values(reference, np.array([[1.5, -1.5], [-1.0, 1.0]])).max() < 0.005
    assert p_values(reference, np.array([[1.0, 1.0], [0.0, 0.0]])).min() > 0.1


def test_parts_do_not_overlap_and_are_bounded():
    """Points, those that set units, and held-out ones, from blocks in turn."""
    rows = learning._rows(np.arange(20_000), np.ones(20_000, dtype=bool))
    parts = (rows.points, rows.known, rows.held_out)
    assert [len(part) for part in parts] == [1_000, 1_000, 5_000]
    together = np.concatenate(parts)
    assert len(set(together.tolist())) == len(together)
    blocks = set((rows.held_out // 1_000).tolist())
    assert blocks == set(range(1, 20, 2))
    assert not blocks & set((rows.points // 1_000).tolist())


def test_each_class_has_its_own_density():
    """What is usual for one prediction is improbable for the other; so it is for a third one."""
    random = np.random.default_rng(0)
    codes = (np.arange(4_000) % 2).astype(float)
    # The second class is narrow.
    values = np.where(codes == 0, random.normal(0, 1, 4_000), random.normal(8, 0.05, 4_000))
    classes = ("wide", "narrow")
    reference = learned(values[:, None], classes=classes, **{learning.CLASS: codes})
    assert reference.score.classes == ("narrow", "wide")
    encode = reference.score.encode
    groups = encode(("wide", "narrow", "new"), np.array([0, 1, 0, 1, 2, -1]))
    assert groups.tolist() == [1, 0, 1, 0, 2, 2]
    found = p_values(reference, np.array([[0.0], [8.0], [8.0], [0.0], [0.0], [8.0]]), groups)
    assert found[[2, 3]].max() < 0.002
    assert found[[0, 1, 4, 5]].min() > 0.05
    fresh = np.repeat([[8.0]], 2_000, axis=0) + 0.05 * random.standard_normal((2_000, 1))
    narrow = (p_values(reference, fresh, np.zeros(2_000, dtype=np.int64)) <= 0.1).mean()
    assert narrow == pytest.approx(0.1, abs=0.04)


def test_rare_classes_and_a_single_one_have_no_kernels_of_their_own():
    """The kernels of all records are theirs."""
    values = correlated(1_000, 0)
    rare = (np.arange(1_000) == 7).astype(float)
    for codes in (rare, np.zeros(1_000), np.full(1_000, NAN)):
        reference = learned(values, classes=("a", "b"), **{learning.CLASS: codes})
        assert len(reference.score.groups) == len(reference.score.classes) + 1
        assert "b" not in reference.score.classes


def test_dependence_makes_records_worth_fewer():
    """A series with rho = .95; without an order nothing is known of it."""
    series = autoregressive(20_000, 0.95, seed=0)
    reference = learned(series)
    assert reference.calibration.tau > 4
    expected = 20_000 / 2 / reference.calibration.tau
    assert reference.calibration.effective == pytest.approx(min(5_000, expected))
    without = learned(series, ordered=False).calibration
    assert (without.tau, without.effective) == (1.0, 5_000)
    assert learned(correlated(20_000, 0)).calibration.tau == 1.0


def test_dependence_shows_in_logs_too_long_to_be_kept():
    """Every 16th record hardly depends on the one before; the first ones are looked at."""
    series = autoregressive(20_000, 0.9, seed=1)
    assert learned(series, capacity=2_000).calibration.tau > 2


@pytest.mark.parametrize("length", [800, 3_000])
def test_false_alarms_of_windows_of_dependent_records(length):
    """The p-value of the window over fresh references: at most 5 % are at .05."""
    runs, alarms = 60, 0
    for seed in range(runs):
        series = autoregressive(length + 1_500, 0.7, seed)
        reference = learned(series[:length])
        window = series[length + 500 :]
        improbable = int((p_values(reference, window) <= 0.05).sum())
        alarms += reference.calibration.excess(improbable, len(window), 0.05) <= 0.05
    assert alarms / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_too_little_to_learn_of():
    """Few records, nothing that varies, hardly a number."""
    assert learned(correlated(399, 0)) is None
    assert learned(np.ones((1_000, 2))) is None
    assert learned(np.full((1_000, 2), NAN)) is None
    assert learned(np.empty((1_000, 0))) is None


def test_uncertainty_that_rises_where_it_should_not():
    """Neither density nor uncertainty is improbable alone, both together are."""
    random = np.random.default_rng(0)
    values = random.standard_normal((8_000, 1))
    uncertainty = random.random(8_000)
    reference = learned(values, **{learning.UNCERTAINTY: uncertainty})
    combination = reference.combination
    coordinates, _ = reference.space.coordinates(np.array([[2.1], [2.1], [0.0], [0.0]]))
    scores = reference.score.of(coordinates, np.zeros(4, dtype=np.int64))
    alone = reference.calibration.p_values(scores)
    both = combination.calibration.p_values(
        combination.score(scores, np.array([0.99, 0.4, 0.99, 0.4]))
    )
    assert alone[0] > 0.01
    assert both[0] < 0.01
    assert both[1:].min() > 0.03


def test_uncertainty_that_depends_on_density_is_no_false_alarm():
    """Fisher's chi-square would count the same thing twice."""
    random = np.random.default_rng(1)
    shares = []
    for _ in range(30):
        values = random.standard_normal((1_300, 1))
        uncertainty = np.abs(values[:, 0])
        reference = learned(values[:800], **{learning.UNCERTAINTY: uncertainty[:800]})
        coordinates, _ = reference.space.coordinates(values[800:])
        scores = reference.score.of(coordinates, np.zeros(500, dtype=np.int64))
        found = reference.combination.score(scores, uncertainty[800:])
        shares.append((reference.combination.calibration.p_values(found) <= 0.05).mean())
    assert np.mean(shares) == pytest.approx(0.05, abs=0.01)


def test_few_uncertainties_are_not_combined():
    """Density is known all the same."""
    uncertainty = np.where(np.arange(1_000) < 300, 0.5, NAN)
    reference = learned(correlated(1_000, 0), **{learning.UNCERTAINTY: uncertainty})
    assert reference.combination is None


def records(n, seed=0):
    """Return predictions of two classes with a number, a text and an embedding."""
    random = np.random.default_rng(seed)
    return [
        {
            "prediction": "ab"[int(x > 0)],
            "features": {"x": x, "confidence": 2 * x, "plan": "gold"},
            "uncertainty": u,
            "embedding": [x, u, 1.0],
        }
        for x, u in random.standard_normal((n, 2)).round(3).__abs__().tolist()
    ]


def test_predictions_are_collected():
    """Features that are numbers, under the names of their columns, and the axes of embeddings."""
    batch = parse(*records(900), features=("x", "confidence", "plan"), embeddings=Embeddings())
    profile, density = Profile(), DensityProfile()
    for part in (batch.take(np.arange(500)), batch.take(np.arange(500, 900))):
        profile.add(part)
        density.add(part)
    features, embedding = density.finish(profile.columns(), ordered=True)
    assert features.space.names == ("features.confidence", "x")
    assert (embedding.kind, embedding.dimension) == ("embedding", 3)
    # The third axis is constant.
    assert embedding.space.names == ("axis_01", "axis_02", "norm")
    assert features.combination is not None
    assert features.values(batch).shape == (900, 2)
    assert embedding.values(batch).shape == (900, 3)
    whole = DensityProfile()
    whole.add(batch)
    assert [one.digest for one in whole.finish(profile.columns(), ordered=True)] == [
        features.digest,
        embedding.digest,
    ]


def test_a_batch_without_any_of_the_columns_has_no_values():
    """Nor has one whose embeddings have another length."""
    profile, density = Profile(), DensityProfile()
    options = {"features": ("x", "confidence"), "embeddings": Embeddings()}
    batch = parse(*records(900), **options)
    profile.add(batch)
    density.add(batch)
    features, embedding = density.finish(profile.columns(), ordered=True)
    bare = parse({"prediction": "a"})
    assert features.values(bare) is None
    assert embedding.values(bare) is None
    assert features.values(
        parse({"prediction": "a", "features": {"x": 1}}, features=("x",))
    ).shape == (1, 2)
