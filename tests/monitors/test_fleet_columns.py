"""How many columns have series for a fleet."""

from __future__ import annotations

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.fleet_columns import fleet_columns
from tests.drift.test_comparison import classes, numbers


def names(columns, models=1, limit=50_000):
    """Return the columns that are chosen, and how many were refused by metric."""
    budget = SeriesBudget(limit)
    chosen = fleet_columns(columns, models, budget)
    assert budget.used == 0
    return [fleet.column.name for fleet in chosen], dict(budget.refused)


def test_all_columns_of_a_usual_model():
    """In their order, behind what the model puts out."""
    columns = [*(numbers(f"f{at}") for at in range(20)), classes("prediction", 5, 4, 3)]
    assert names(columns) == (["prediction", *(f"f{at}" for at in range(20))], {})


def test_a_wide_reference_leaves_room_for_others():
    """A tenth of the series for the columns of a model: 50 edges twice, and 2 sizes, for each."""
    columns = [*(numbers(f"f{at}") for at in range(1000)), classes("c", 5, 4, 3)]
    chosen, refused = names(columns)
    assert chosen == [f"f{at}" for at in range(5000 // 102)]
    assert refused == {
        "model_feature_value": 1000 - len(chosen),
        "model_feature_category_total": 1,
    }


def test_many_models_share_half_of_all_series():
    """A fortieth each of twenty."""
    columns = [numbers(f"f{at}") for at in range(1000)]
    alone, _ = names(columns)
    assert len(names(columns, models=5)[0]) == len(alone)
    assert len(names(columns, models=20)[0]) == len(alone) // 4


def test_exactly_as_many_as_there_may_be():
    """A categorical column of 3 categories: 3 and the critical value, 2 sizes, and 3 counters."""
    columns = [classes("c", 5, 4, 3)]
    assert names(columns, limit=90)[0] == ["c"]
    assert names(columns, limit=89) == ([], {"model_feature_category_total": 1})


def test_a_column_without_values_is_not_compared():
    """Nor is it refused."""
    assert names([classes("c", 0, 0, 0)]) == ([], {})
