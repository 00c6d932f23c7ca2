from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.quantities import duration_seconds
from exporter.slo import burn

objectives = st.integers(1, 99_999).map(lambda number: (number, 5)) | st.integers(
    1, 999_999_999
).map(lambda number: (number, 9))
"""Objectives as they are written: so many units of a decimal place."""


def test_the_levels_are_those_of_the_workbook():
    """Factors, windows and pending times of an objective over 30 days."""
    found = [
        (
            one.level.severity,
            str(one.level.factor),
            burn.duration(one.long),
            burn.duration(one.short),
            burn.duration(one.wait),
        )
        for one in burn.scaled(30)
    ]
    assert found == [
        ("critical", "14.4", "1h", "5m", "2m"),
        ("critical", "6", "6h", "30m", "15m"),
        ("warning", "3", "1d", "2h", "1h"),
        ("warning", "1", "3d", "6h", "3h"),
    ]


@given(objectives)
def test_a_budget_is_exact(written):
    """To the last digit that was written, where floating point has 0.0010000000000000009."""
    number, places = written
    objective = float(f"{number}e-{places}")
    budget = burn.error_budget(objective)
    assert Fraction(budget) == 1 - Fraction(number, 10**places)
    assert len(budget.as_tuple().digits) <= places
    assert float(budget) == float(Fraction(10**places - number, 10**places))


@given(objectives)
def test_a_loose_objective_is_one_that_can_not_page(written):
    """Exactly where the highest factor times the budget is all events or more."""
    number, places = written
    objective = float(f"{number}e-{places}")
    budget = 1 - Fraction(number, 10**places)
    assert burn.too_loose(objective) == (Fraction(144, 10) * budget >= 1)


@given(st.integers(burn.SHORTEST_DAYS, burn.LONGEST_DAYS))
def test_windows_are_in_proportion(days):
    """Each long window at its factor takes its share of the budget, to the second."""
    for one in burn.scaled(days):
        taken = Fraction(one.level.factor) * Fraction(one.long, one.window)
        assert taken == Fraction(one.level.share)
        assert one.short * 12 == one.long
        assert one.short >= 60
        assert one.wait % 60 == 0
        assert one.wait == 60 or one.long / 24 - 60 < one.wait <= one.long / 24


@given(st.integers(1, 10**7))
def test_durations_are_those_of_prometheus(seconds):
    """What is written reads as the same number of seconds."""
    assert duration_seconds(burn.duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("objective", "budget"), [(0.999, "0.001"), (0.95, "0.05"), (0.99995, "0.00005")]
)
def test_budgets_that_floating_point_misses(objective, budget):
    """Each of them is something else as 1 - objective."""
    assert burn.error_budget(objective) == Decimal(budget)
    assert 1 - objective != float(budget)
