from __future__ import annotations

from exporter.monitors.budget import SeriesBudget


def test_claims_are_granted_up_to_the_limit():
    """All or nothing, and each refusal is counted by metric."""
    budget = SeriesBudget(10)
    assert budget.claim("a", 6)
    assert not budget.claim("b", 5)
    assert budget.claim("b", 4)
    assert not budget.claim("a", 1)
    assert budget.used == 10
    assert budget.refused == {"a": 1, "b": 1}


def test_released_series_can_be_claimed_again():
    """What expired makes room."""
    budget = SeriesBudget(5)
    assert budget.claim("a", 5)
    budget.release(2)
    assert not budget.claim("a", 3)
    assert budget.claim("a", 2)


def test_a_closed_budget_grants_nothing():
    """Until it is open again; what was granted stays."""
    budget = SeriesBudget.unlimited()
    assert budget.claim("a", 1_000_000)
    budget.closed = True
    assert not budget.claim("a", 1)
    assert budget.refused == {"a": 1}
    budget.closed = False
    assert budget.claim("a", 1)
