from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.density import DensitySettings
from exporter.density.profile import DensityProfile
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.density import Density, usable
from exporter.monitors.outliers import Outliers
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, parse, series, through_storage

FEATURES = ("x", "y")


def records(n, seed, **more):
    """Return predictions with two numbers that are nearly the same, and what is unsure of them."""
    random = np.random.default_rng(seed)
    first = random.standard_normal(n)
    second = first + 0.1 * random.standard_normal(n)
    unsure = random.random(n)
    return [
        {"prediction": "a", "features": {"x": x, "y": y}, "uncertainty": u} | more
        for x, y, u in np.column_stack([first, second, unsure]).round(3).tolist()
    ]


@cache
def reference():
    """Return a reference of 2,000 of them."""
    rows = [one | {"embedding": [*one["features"].values()]} for one in records(2_000, seed=0)]
    profile = Profile()
    profile.add(parse(*rows, features=FEATURES, embeddings=Embeddings()))
    columns = profile.columns()
    provenance = Provenance((), 2_000, None, None)
    return Reference("bot", "1", provenance, columns, density=profile.density(columns))


def monitor(known=None, **options):
    """Return a monitor of the density of features."""
    return Density(LABELS, WINDOWS, DensitySettings(**options), known or reference().density[0])


def fed(rows, known=None, **options):
    """Return a monitor that has seen some records."""
    density = monitor(known, **options)
    density.update(batch(*rows, features=FEATURES, embeddings=Embeddings(2)))
    return density


STRANGE = {"prediction": "a", "features": {"x": 1.5, "y": -1.5}, "uncertainty": 0.5}


def test_nothing_before_the_first_prediction():
    """Failed attempts and labels alone are none."""
    assert series(fed([{"error": True, "features": {"x": 1}}, {"true_label": "a"}])) == {}


def test_improbable_predictions_are_counted():
    """Beside how many there would be of predictions like the reference's."""
    found = series(fed([*records(995, seed=1), *[STRANGE] * 5]))
    count = found["model_outliers_total{method=density}"]
    assert 5 <= count <= 5 + 25
    assert found["model_outliers_scored_total{method=density}"] == 1_000
    # Ten of 1,001 ranks: 1,000 records are held out.
    held_out = len(reference().density[0].calibration.scores)
    assert 900 < held_out <= 1_100
    rank = int(0.01 * (held_out + 1))
    expected = found["model_outliers_expected_total{method=density}"]
    assert expected == pytest.approx(1_000 * rank / (held_out + 1))
    for window in ("1m", "1h"):
        of = f"{{window={window},method=density}}"
        assert found[f"model_outlier_ratio{of}"] == count / 1_000
        assert found[f"model_outlier_predictions{of}"] == 1_000
        calibration = reference().density[0].calibration
        assert found[f"model_density_pvalue{{window={window}}}"] == pytest.approx(
            calibration.excess(count, 1_000, 0.01)
        )
    assert found["model_outliers_unscored_total{reason=missing}"] == 0


def test_the_p_value_tells_drift_from_chance():
    """Small where the share rose, and only there."""
    quiet = series(fed(records(1_000, seed=2)))
    assert quiet["model_density_pvalue{window=1m}"] > 0.01
    assert quiet["model_density_uncertainty_pvalue{window=1m}"] > 0.01
    loud = series(fed([*records(400, seed=2), *[STRANGE] * 50]))
    assert loud["model_density_pvalue{window=1m}"] < 1e-9


def test_uncertainty_is_combined_where_it_is_logged():
    """Records without one are scored by density alone."""
    without = [{key: value for key, value in one.items() if key != "uncertainty"} | {}
               for one in records(30, seed=3)]  # fmt: skip
    found = series(fed([*without, *records(20, seed=4), STRANGE | {"uncertainty": 1.0}]))
    assert found["model_outliers_scored_total{method=density}"] == 51
    assert found["model_outliers_scored_total{method=density+uncertainty}"] == 21
    assert found["model_outliers_total{method=density+uncertainty}"] >= 1
    assert found["model_outlier_predictions{window=1m,method=density+uncertainty}"] == 21


def test_a_reference_without_uncertainty_has_no_series_of_it():
    """Whatever the log holds."""
    known = replace(reference().density[0], combination=None)
    found = series(fed([STRANGE], known))
    assert found["model_outliers_total{method=density}"] == 1
    assert not any("uncertainty" in name for name in found)


def test_predictions_with_hardly_a_number_are_not_scored():
    """Half of them is enough; the others are counted, also if a whole batch has none."""
    features = [{"x": 0.5}, {"x": None, "y": "?"}, {"x": float("nan")}, {}]
    found = series(fed([{"prediction": "a", "features": one} for one in features]))
    assert found["model_outliers_scored_total{method=density}"] == 1
    assert found["model_outliers_unscored_total{reason=missing}"] == 3
    bare = series(fed([{"prediction": "a"}, {"prediction": "b"}]))
    assert bare["model_outliers_unscored_total{reason=missing}"] == 2
    assert not any("ratio" in name for name in bare)


def test_a_sample_is_as_good_as_all():
    """The share is that of all, as nearly as a tenth of them tells; the others are counted."""
    rows = records(4_000, seed=5)
    found = series(fed(rows, sample=0.1, alpha=0.2))
    scored = found["model_outliers_scored_total{method=density}"]
    assert scored == pytest.approx(400, abs=80)
    assert found["model_outliers_unscored_total{reason=sampling}"] == 4_000 - scored
    whole = series(fed(rows, alpha=0.2))["model_outlier_ratio{window=1m,method=density}"]
    share = found["model_outlier_ratio{window=1m,method=density}"]
    assert share == pytest.approx(whole, abs=4 * np.sqrt(0.16 / 400))


def test_density_of_embeddings():
    """In the same way, of their projections."""
    settings = DensitySettings(of="embedding")
    known = usable(settings, reference())
    assert known.kind == "embedding"
    rows = [{"prediction": "a", "embedding": [0.1, 0.1]}, {"prediction": "a", "embedding": [2, -2]}]
    found = series(fed([*rows, {"prediction": "a"}], known, of="embedding"))
    assert found["model_outliers_total{method=density}"] == 1
    assert found["model_outliers_scored_total{method=density}"] == 2
    assert found["model_outliers_unscored_total{reason=missing}"] == 1


def test_which_density_is_used():
    """That of features unless the configuration says so, or there is none."""
    whole = reference()
    assert usable(None, whole) is None
    assert usable(DensitySettings(), whole).kind == "features"
    alone = replace(whole, density=whole.density[1:])
    assert usable(DensitySettings(), alone).kind == "embedding"
    assert usable(DensitySettings(of="features"), alone) is None


def test_outliers_of_all_methods_are_one_family():
    """A scrape with two families of one name is refused."""
    rows = [STRANGE | {"features": {"x": 1_000, "y": -1_000}}]
    values = Outliers(LABELS, reference())
    values.update(batch(*rows, features=FEATURES))
    found = series(values, fed(rows))
    assert found["model_outliers_total{method=iqr}"] == 2
    assert found["model_outliers_total{method=density}"] == 1


def test_an_hour_later_the_window_is_empty():
    """The counters are left."""
    found = series(fed([STRANGE]), now=NOW + 7_200)
    assert found["model_outliers_total{method=density}"] == 1
    assert not any("window=" in name for name in found)


def test_another_reference_or_another_alpha_starts_afresh():
    """What was counted by one is not to be added to by the other."""
    density = fed(records(20, seed=6))
    assert series(through_storage(density, monitor())) == series(density)
    with pytest.raises(ValueError, match="have changed"):
        through_storage(density, monitor(alpha=0.02))
    with pytest.raises(ValueError, match="have changed"):
        through_storage(density, monitor(reference().density[1]))


def test_a_late_record_is_in_the_counters_alone():
    """As everywhere."""
    found = series(fed([STRANGE | {"timestamp": NOW - 86_400}]))
    assert found["model_outliers_total{method=density}"] == 1
    assert not any("ratio" in name for name in found)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_neither_order_nor_batches_matter(data):
    """Not even to what is sampled."""
    rows = [*records(12, seed=7), STRANGE, {"prediction": "b"}, {"error": True}]
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(1, len(rows) - 1))
    whole = fed(rows, sample=0.5)
    first, second = fed(shuffled[:cut], sample=0.5), fed(shuffled[cut:], sample=0.5)
    first.merge(second)
    assert series(first) == pytest.approx(series(whole))


def test_the_profile_of_a_log_without_numbers_has_no_density():
    """Nothing varies."""
    density, profile = DensityProfile(), Profile()
    found = parse(*[{"prediction": "a", "features": {"plan": "gold"}}] * 500, features=("plan",))
    profile.add(found)
    density.add(found)
    assert density.finish(profile.columns(), ordered=True) == ()
    assert json.loads(json.dumps(reference().density[0].document()))["kind"] == "features"
