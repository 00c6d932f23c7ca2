from __future__ import annotations

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.environment import PACKAGES, Environment
from tests.monitors.builders import (
    LABELS,
    NOW,
    batch,
    series,
    unlimited,
)


def monitor(*records, budget=None):
    """Return a monitor that has seen the records."""
    made = Environment(LABELS, budget or unlimited())
    made.update(batch(*records))
    return made


def test_the_latest_packages_are_shown():
    """A package that the later start no longer has is gone, whatever order the records come in."""
    early = {"timestamp": NOW - 60, "package_versions": {"numpy": "1.26", "six": "1.16"}}
    late = {"timestamp": NOW - 30, "package_versions": {"numpy": "2.0", "python": "3.12.1"}}
    expected = {
        "model_environment_info{package=numpy,package_version=2.0}": 1,
        "model_environment_info{package=python,package_version=3.12.1}": 1,
        "model_environment_timestamp_seconds": NOW - 30,
    }
    assert series(monitor(early, late)) == expected
    assert series(monitor(late, {"prediction": 1}, early)) == expected


def test_nothing_is_shown_before_the_first():
    """Predictions say nothing of packages."""
    assert series(monitor({"prediction": 1})) == {}


def test_packages_are_bounded():
    """Those beyond the limit, and those that the budget refuses, are one series."""
    versions = {f"p{number:03}": "1" for number in range(PACKAGES + 5)}
    made = monitor({"package_versions": versions})
    assert len(made.dump()["packages"]) == PACKAGES + 1
    found = series(made)
    assert len(found) == PACKAGES + 2
    assert found["model_environment_info{package=other,package_version=}"] == 1
    budget = SeriesBudget(3)
    assert len(series(monitor({"package_versions": versions}, budget=budget))) == 3 + 2
    assert budget.refused["model_environment_info"] == 1
