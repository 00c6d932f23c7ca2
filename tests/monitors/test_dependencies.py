from __future__ import annotations

from exporter.dependencies.probing import REASONS, Check, Seen
from exporter.monitors.dependencies import Dependencies, Dependency
from tests.monitors.builders import series, through_storage

PRICES = Dependency("prices", ("one", "two"), 3600.0)
GEO = Dependency("geo", ("one",), None)


def found(name, time, **seen):
    """Return a look that found something."""
    return Check(name, time, Seen(**seen))


def monitor(*checks):
    """Return a monitor that was told of looks."""
    made = Dependencies([PRICES, GEO])
    made.update(checks)
    return made


def of(model, name, made):
    """Return the series of a dependency of a model, those of failures left out."""
    label = f"{{model={model},dependency={name}"
    return {
        key.removeprefix("model_dependency_").replace(label, "{").replace("{,", "{"): value
        for key, value in series(made, without=()).items()
        if label in key and "failures" not in key
    }


def test_before_the_first_look():
    """What is configured, and counters at 0; nothing of what nobody knows."""
    assert of("two", "prices", monitor()) == {
        "expected_interval_seconds{}": 3600.0,
        "schema_changes_total{}": 0,
    }
    failures = [key for key in series(monitor(), without=()) if "check_failures" in key]
    assert len(failures) == 3 * len(REASONS)


def test_a_dependency_of_two_models():
    """Each has its series, so that alerts can name the model."""
    made = monitor(found("prices", 5000.0, changed=4000.0, size=12, schema="aa"))
    expected = {
        "up{}": 1,
        "last_check_timestamp_seconds{}": 5000.0,
        "last_change_timestamp_seconds{}": 4000.0,
        "size_bytes{}": 12,
        "expected_interval_seconds{}": 3600.0,
        "schema_info{hash=aa}": 1,
        "schema_changes_total{}": 0,
    }
    assert of("one", "prices", made) == of("two", "prices", made) == expected


def test_when_it_goes_its_age_stays():
    """Alerts on freshness must not end because the file is gone; its size is not known."""
    made = monitor(
        found("prices", 1.0, changed=1.0, size=3), Check("prices", 9.0, reason="not_found")
    )
    shown = of("one", "prices", made)
    assert (shown["up{}"], shown["last_check_timestamp_seconds{}"]) == (0, 9.0)
    assert shown["last_change_timestamp_seconds{}"] == 1.0
    assert "size_bytes{}" not in shown
    failed = series(made, without=())
    name = "model_dependency_check_failures_total"
    assert failed[f"{name}{{model=one,dependency=prices,reason=not_found}}"] == 1
    assert failed[f"{name}{{model=one,dependency=prices,reason=timeout}}"] == 0


def test_changes_of_the_schema_are_counted():
    """Also back to the one before; a look without a schema changes nothing."""
    looks = [found("geo", t, schema=schema) for t, schema in enumerate(["a", "a", None, "b", "a"])]
    shown = of("one", "geo", monitor(*looks))
    assert shown["schema_changes_total{}"] == 2
    assert "schema_info{hash=a}" in shown
    assert "schema_info{hash=b}" not in shown


def test_content_tells_when_it_changed():
    """Where the dependency has no time of its own; at the first look nobody knows."""
    made = monitor(found("geo", 10.0, fingerprint="x"))
    assert "last_change_timestamp_seconds{}" not in of("one", "geo", made)
    made.update([found("geo", 20.0, fingerprint="y"), found("geo", 30.0, fingerprint="y")])
    assert of("one", "geo", made)["last_change_timestamp_seconds{}"] == 20.0


def test_a_restart_keeps_what_it_can():
    """A change of the schema while the exporter was down counts; whether it is up is seen anew."""
    before = monitor(
        found("geo", 1.0, schema="a"),
        found("geo", 2.0, schema="b"),
        Check("geo", 3.0, reason="timeout"),
    )
    after = through_storage(before, monitor())
    assert of("one", "geo", after) == {"schema_info{hash=b}": 1, "schema_changes_total{}": 1}
    after.update([found("geo", 9.0, schema="c")])
    assert of("one", "geo", after)["schema_changes_total{}"] == 2
    failed = series(after, without=())
    name = "model_dependency_check_failures_total"
    assert failed[f"{name}{{model=one,dependency=geo,reason=timeout}}"] == 1


def test_looks_at_something_else_are_ignored():
    """A dependency that the configuration dropped."""
    assert monitor(found("gone", 1.0, size=1)).snapshot() == monitor().snapshot()
