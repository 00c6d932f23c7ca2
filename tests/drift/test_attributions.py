from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from exporter.drift.attributions import (
    MOST_FEATURES,
    AttributionProfile,
    importance,
    rank_agreement,
)
from tests.monitors.builders import parse

VALUES = arrays.arrays(np.float64, st.integers(1, 8), elements=st.integers(0, 9).map(float)).filter(
    lambda values: values.sum() > 0
)


def learned(*attributions):
    """Return the columns of some predictions' attributions."""
    profile = AttributionProfile()
    profile.add(parse(*({"prediction": "a", "attributions": one} for one in attributions)))
    return profile.finish()


def test_each_feature_has_a_column_of_absolute_values():
    """In order of names, over the records that have any attribution at all."""
    a, b = learned({"b": -2, "a": 1}, {"b": 4}, {}, None, {"a": "text"}, {"a": 1e300, "b": 3})
    assert (a.name, a.n, a.rows, a.missing, a.moments.mean) == ("a", 1, 3, 2, 1.0)
    assert (b.name, b.n, b.rows, b.missing, b.moments.mean) == ("b", 3, 3, 0, 3.0)
    assert b.sample.tolist() == [2, 3, 4]
    assert (importance(a), importance(b)) == (pytest.approx(1 / 3), 3.0)
    assert learned({}, None) == ()


def test_of_many_features_those_that_contribute_most_are_kept():
    """However late they come in the order of names."""
    columns = learned({f"f{number:03}": number for number in range(2 * MOST_FEATURES)})
    assert [column.name for column in columns] == [
        f"f{number:03}" for number in range(MOST_FEATURES, 2 * MOST_FEATURES)
    ]


def test_rank_agreement_is_that_of_clarify():
    """Worked by hand: a swap of the first two of three features."""
    reference, current = np.array([6.0, 3.0, 1.0]), np.array([2.0, 5.0, 1.0])
    ideal = 6 / np.log2(2) + 3 / np.log2(3) + 1 / np.log2(4)
    swapped = 3 / np.log2(2) + 6 / np.log2(3) + 1 / np.log2(4)
    assert rank_agreement(reference, current) == pytest.approx(swapped / ideal)


@given(VALUES, st.floats(0.1, 9))
def test_the_same_order_agrees_wholly(values, factor):
    """Whatever the scale; and reversed it agrees least of all orders."""
    distinct = values + np.arange(len(values)) / 100
    assert rank_agreement(distinct, distinct * factor) == pytest.approx(1.0)
    worst = rank_agreement(distinct, -distinct)
    assert worst - 1e-12 <= rank_agreement(distinct, np.roll(distinct, 1)) <= 1.0 + 1e-12


def test_a_tie_is_no_agreement():
    """Features that all count the same now are ranked as badly as can be."""
    reference = np.array([5.0, 1.0])
    assert rank_agreement(reference, np.ones(2)) == rank_agreement(reference, np.array([0.0, 1.0]))
