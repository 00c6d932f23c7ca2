from __future__ import annotations

import json

import numpy as np
import pytest

from exporter.drift import profile as profile_module
from exporter.drift.profile import Profile
from exporter.drift.reference import digest
from exporter.parsing.json_lines import JsonLines


def profile(records, kinds=None, batch=1_000):
    """Profile records as JSON lines, in batches."""
    made = Profile(kinds)
    parser = JsonLines(features=None)
    for start in range(0, len(records), batch):
        lines = [json.dumps(record).encode() for record in records[start : start + batch]]
        made.add(parser.parse(lines, 0.0).batch)
    return made


def columns(records, kinds=None, batch=1_000):
    """Return the columns by name."""
    return {column.name: column for column in profile(records, kinds, batch).columns()}


def records(**features):
    """Return predictions with these feature columns."""
    names = list(features)
    return [
        {"prediction": "a", "features": dict(zip(names, row, strict=True))}
        for row in zip(*features.values(), strict=True)
    ]


def test_numbers_texts_and_booleans_find_their_kind():
    """Integers stay numeric however few, booleans are categories."""
    found = columns(records(i=[1, 2, 1, None], f=[0.5, 1, 2.5, 3], t=["x", "y", None, "x"]))
    assert (found["i"].kind, found["f"].kind, found["t"].kind) == (
        "numeric",
        "numeric",
        "categorical",
    )
    flags = columns(records(b=[True, False, True]))["b"]
    assert flags.categories == ("true", "false")
    assert flags.counts.tolist() == [2, 1, 0]


def test_counts_missing_and_moments_by_hand():
    """Of 1, 2, 2, 5 and a null."""
    column = columns(records(x=[2, 1, None, 5, 2]))["x"]
    assert (column.rows, column.missing, column.n) == (5, 1, 4)
    assert column.counts.tolist() == [0, 1, 0, 2, 0, 1, 0]
    assert column.sample.tolist() == [1.0, 2.0, 2.0, 5.0]
    assert (column.moments.mean, column.moments.minimum, column.moments.maximum) == (2.5, 1.0, 5.0)
    assert column.moments.std == pytest.approx(np.std([1, 2, 2, 5], ddof=1))


def test_categories_are_ranked_by_count_and_then_by_name():
    """Equal content gives an equal file whatever the order of the log."""
    forward = records(x=["b", "a", "c", "c", "d"])
    assert columns(forward)["x"].categories == ("c", "a", "b", "d")
    assert columns(forward[::-1])["x"].document() == columns(forward)["x"].document()


def test_categories_beyond_the_most_frequent_share_a_cell():
    """50 have their own, the rest counts as other."""
    column = columns(records(x=[f"v{i}" for i in range(60)] + ["top"] * 5))["x"]
    assert len(column.categories) == 50
    assert column.categories[0] == "top"
    assert column.counts.tolist() == [5, *[1] * 49, 11]


def test_distinct_texts_without_end_cost_bounded_memory(monkeypatch):
    """Those beyond the counted ones go straight to the shared cell."""
    monkeypatch.setattr(profile_module, "_MAX_COUNTED_CATEGORIES", 10)
    column = columns(records(x=["often"] * 3 + [f"id{i}" for i in range(500)]))["x"]
    assert len(column.categories) == 10
    assert column.counts.sum() == 503
    assert column.counts[-1] == 491


def test_long_texts_are_cut():
    """Two texts with the same first 128 characters are one category."""
    column = columns(records(x=["a" * 128 + "x", "a" * 128 + "y"]))["x"]
    assert column.categories == ("a" * 128,)
    assert column.counts.tolist() == [2, 0]


def test_the_more_frequent_type_decides_and_the_rest_is_missing():
    """Three numbers and two texts: the texts can't be binned."""
    mixed = columns(records(x=[1, "1", 2.5, "n/a", 3]))["x"]
    assert (mixed.kind, mixed.n, mixed.missing) == ("numeric", 3, 2)
    texts = columns(records(x=[1, "1", "b", "n/a", 3]))["x"]
    assert (texts.kind, texts.n, texts.missing) == ("categorical", 3, 2)


def test_a_configured_kind_wins():
    """Numbers become categories where the configuration wants chi-square."""
    column = columns(records(x=[8001, 8002, 8001.0, True]), {"x": "categorical"})["x"]
    assert column.categories == ("8001", "8002", "true")
    numeric = columns(records(x=["a", "b", 1]), {"x": "numeric"})["x"]
    assert (numeric.kind, numeric.n, numeric.missing) == ("numeric", 1, 2)


def test_nan_and_infinity_are_missing():
    """As Python's own encoder writes them."""
    made = Profile()
    lines = [
        b'{"prediction": 1, "features": {"x": NaN}}',
        b'{"prediction": 1, "features": {"x": -Infinity}}',
        b'{"prediction": 1, "features": {"x": 1e999}}',
        b'{"prediction": 1, "features": {"x": 4}}',
    ]
    made.add(JsonLines(features=None).parse(lines, 0.0).batch)
    column = next(column for column in made.columns() if column.name == "x")
    assert (column.n, column.missing) == (1, 3)
    assert column.moments.std is None


def test_sums_that_overflow_leave_the_moment_out():
    """JSON has no word for infinity."""
    column = columns(records(x=[1.7e308, 1.7e308]))["x"]
    assert column.moments.mean is None
    assert column.moments.maximum == 1.7e308
    assert digest([column])


def test_a_feature_that_comes_late_is_missing_before():
    """Every column knows all predictions."""
    late = [{"prediction": 1}] * 7 + records(x=[1.0, 2.0])
    column = columns(late, batch=3)["x"]
    assert (column.rows, column.missing) == (9, 7)


def test_failed_attempts_and_mere_labels_are_no_predictions():
    """They say nothing about what a good model sees and answers."""
    made = profile(
        [
            {"prediction": "a", "features": {"x": 1}},
            {"error": "boom", "features": {"x": 100}},
            {"request_id": "1", "true_label": "a", "features": {"x": 200}},
        ]
    )
    found = {column.name: column for column in made.columns()}
    assert made.records == 1
    assert found["x"].sample.tolist() == [1.0]
    assert found["prediction"].counts.tolist() == [1, 0]


def test_outputs_are_columns_of_their_own():
    """Class and confidence; a logged feature called prediction does not collide."""
    found = columns(
        [
            {"prediction": "a", "confidence": 0.5, "features": {"prediction": 3}},
            {"prediction": "b", "confidence": 1.0, "features": {"prediction": 4}},
        ]
    )
    assert sorted(found) == ["confidence", "features.prediction", "prediction"]
    assert found["prediction"].categories == ("a", "b")
    assert found["confidence"].sample.tolist() == [0.5, 1.0]
    assert found["features.prediction"].sample.tolist() == [3.0, 4.0]


def test_the_prediction_of_a_regression_is_numeric():
    """Fractional predictions without a confidence."""
    column = columns([{"prediction": 1.5}, {"prediction": 2.0}])["prediction"]
    assert column.sample.tolist() == [1.5, 2.0]


def test_origin_versions_and_time_are_kept():
    """The first and last event, whatever their order."""
    made = profile(
        [
            {"prediction": 1, "timestamp": 30, "model_version": "2"},
            {"prediction": 1, "timestamp": 10, "model_version": "1"},
            {"prediction": 1, "model_version": "2"},
        ],
        batch=1,
    )
    assert (made.first_timestamp, made.last_timestamp) == (10.0, 30.0)
    assert made.versions == {"1": 1, "2": 2}


def test_features_beyond_the_limit_are_left_out_and_named(monkeypatch):
    """A log that invents names costs bounded memory."""
    monkeypatch.setattr(profile_module, "MAX_COLUMNS", 3)
    made = profile([{"prediction": 1, "features": {f"f{i}": 1 for i in range(6)}}])
    assert [column.name for column in made.columns()] == ["f0", "f1", "f2", "prediction"]
    assert len(made.left_out) == 3


def test_more_values_than_the_limit_are_sampled(monkeypatch):
    """Counts are then of the sample, rows and missing of all."""
    monkeypatch.setattr(profile_module, "MAX_VALUES", 100)
    column = columns(records(x=[*range(1_000), None]))["x"]
    assert (column.n, column.rows, column.missing) == (100, 1_001, 1)


def test_the_stored_sample_spans_the_column():
    """10,000 evenly spaced order statistics, smallest and largest value included."""
    made = Profile()
    lines = [b'{"prediction": 1, "features": {"x": %d}}' % i for i in range(25_000)]
    made.add(JsonLines(features=None).parse(lines, 0.0).batch)
    column = next(column for column in made.columns() if column.name == "x")
    assert len(column.sample) == 10_000
    assert (column.sample[0], column.sample[-1]) == (0.0, 24_999.0)
    assert column.counts.tolist() == [250] * 100


def test_no_predictions_give_no_columns():
    """The caller has to say so."""
    assert profile([{"true_label": 1}]).columns() == ()
    assert Profile().columns() == ()
