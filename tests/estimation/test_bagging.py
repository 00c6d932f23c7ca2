"""What is learned of errors from a reference."""

from __future__ import annotations

import json

import numpy as np
import pytest

from exporter.estimation.bagging import LEAST, TREES
from tests.estimation.regression_logs import drawn, learned, read


@pytest.fixture(scope="module")
def log():
    """Return the records of a reference."""
    return drawn(np.random.default_rng(1), 2000)


def estimated(expected, records):
    """Return estimate and band."""
    leaves = expected.leaves(read(records))
    return expected.estimate(np.bincount(leaves.ravel(), minlength=expected.forest.leaves))


def realised(records):
    """Return the mean absolute error."""
    return np.mean([abs(one["prediction"] - one["true_label"]) for one in records])


def test_what_is_learned_of_a_reference(log):
    """Its size and error; which columns; trees that expect on the whole what was realised."""
    expected = learned(log)
    assert expected.records == 2000
    assert expected.realised == pytest.approx(realised(log))
    assert [column.name for column in expected.inputs] == ["kind", "prediction", "x", "y"]
    assert set(expected.inputs[0].categories) == {"calm", "rough", "wild"}
    assert expected.inputs[0].categories[-1] == "wild"
    assert len(expected.trees) == TREES
    assert estimated(expected, log)[0] == pytest.approx(realised(log), rel=0.03)


def test_too_few_labels_teach_nothing(log):
    """A tree of a few leaves would be a guess."""
    assert learned(log[: LEAST - 1]) is None
    assert learned(log[:LEAST]) is not None


def test_how_the_log_was_read_makes_no_difference(log):
    """The file is the same to the last digit."""
    assert learned(log, cuts=7).document() == learned(log).document()


def test_classes_teach_nothing():
    """Their error is no number."""
    assert learned([{"prediction": "a", "true_label": "b"}] * LEAST) is None


@pytest.mark.parametrize(("records", "shifts"), [(1000, (0.0, 0.5)), (5000, (0.0, 0.5, 1.0))])
def test_the_band_covers_the_realised_error(records, shifts):
    """In 90 to 99 of 100 windows, of the reference's inputs and of others.

    The smaller the reference, the less far may they be: it has hardly a record there.
    """
    random = np.random.default_rng(20261123)
    inside = []
    for _ in range(12):
        expected = learned(drawn(random, records))
        for shift in shifts:
            for _ in range(6):
                window = drawn(random, 500, shift)
                _, low, high = estimated(expected, window)
                inside.append(low <= realised(window) <= high)
    assert 0.90 <= np.mean(inside) <= 0.99


def test_a_change_of_inputs_is_followed(log):
    """The constant error of the reference would be far off."""
    window = drawn(np.random.default_rng(2), 4000, shift=1.0)
    expected = learned(log)
    assert realised(window) > 1.15 * expected.realised
    mean, low, high = estimated(expected, window)
    assert low <= realised(window) <= high
    assert abs(mean - realised(window)) < 0.3 * abs(expected.realised - realised(window))


def test_missing_values_that_the_reference_has_are_learned_from(log):
    """Where they mean a larger error, they are expected to."""
    random = np.random.default_rng(3)
    records = json.loads(json.dumps(log))
    for record in records:
        if random.uniform() < 0.2:
            record["features"]["x"] = record["features"]["kind"] = None
            record["true_label"] += 50
    expected = learned(records)
    by_name = {column.name: column for column in expected.inputs}
    assert by_name["x"].missing is None
    assert by_name["kind"].missing is None
    assert by_name["y"].missing is not None
    lost = [record for record in records if record["features"]["x"] is None]
    assert estimated(expected, lost)[0] == pytest.approx(realised(lost), rel=0.03)


def test_missing_values_that_the_reference_lacks_are_taken_for_common_ones(log):
    """Also categories that it lacks, values of another kind, and whole features."""
    expected = learned(log)
    by_name = {column.name: column for column in expected.inputs}
    x = np.sort([record["features"]["x"] for record in log])[1000]
    one = {"prediction": 1.5}
    odd = [
        {**one, "features": {"kind": "new", "x": "text", "y": 1.0}},
        {**one, "features": {"y": 1.0}},
    ]
    common = {**one, "features": {"kind": "calm", "x": float(x), "y": 1.0}}
    assert by_name["x"].missing == x
    found = expected.leaves(read([*odd, common])).T.tolist()
    assert found[0] == found[1] == found[2]


def test_equal_errors_need_no_inputs():
    """A column of one value divides nothing; without columns there still is a mean."""
    records = [{"prediction": 1, "true_label": 3, "features": {"x": 0}}] * LEAST
    expected = learned(records)
    assert expected.inputs == ()
    assert estimated(expected, records[:5]) == (2, 2, 2)
