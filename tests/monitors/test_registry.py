from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from exporter.monitors.registry import InLogs, RegisteredVersions, latest
from exporter.registry.lineage import Event, Lineage, Version
from exporter.registry.looker import Look
from tests.monitors.builders import exposition

START = datetime.fromtimestamp(1000, UTC)


def promoted(*names, hours=1):
    """Return a lineage whose versions came to production one after the other."""
    lineage = Lineage(versions={name: Version(registered=START) for name in names})
    for number, name in enumerate(names, 1):
        at = START + timedelta(hours=hours * number)
        lineage = lineage.after(Event(at=at, action="promote", version=name))
    return lineage


def shown(monitor):
    """Return the exposition."""
    return exposition(monitor, now=5000.0)


def test_a_version_and_what_it_is_made_of():
    """Byte by byte, for what was registered with everything."""
    version = Version(
        registered=START,
        kind="forest",
        trained_on='t"\n',
        examples=1000,
        hyperparameters={"hot": True, "depth": 6},
        metrics={"accuracy": 0.75},
    )
    lineage = Lineage(versions={"1.0.0": version})
    monitor = RegisteredVersions(["a"])
    monitor.update([Look(4000.0, {"a": lineage.standings(), "unknown": lineage.standings()})])
    lines = [line for line in shown(monitor).splitlines() if not line.startswith("#")]
    assert sorted(lines) == sorted(
        [
            "modeltail_registry_up 1.0",
            "modeltail_registry_last_success_timestamp_seconds 4000.0",
            'model_stage{model="a",model_stage="staging",version="1.0.0"} 1.0',
            'model_stage{model="a",model_stage="production",version="1.0.0"} 0.0',
            'model_stage{model="a",model_stage="archived",version="1.0.0"} 0.0',
            'model_registered_timestamp_seconds{model="a",version="1.0.0"} 1000.0',
            'model_version_info{kind="forest",model="a",trained_on="t\\"\\n",version="1.0.0"} 1.0',
            'model_training_examples{model="a",version="1.0.0"} 1000.0',
            'model_offline_metric{metric="accuracy",model="a",version="1.0.0"} 0.75',
            'model_hyperparameter_info{model="a",parameter="depth",value="6",version="1.0.0"} 1.0',
            'model_hyperparameter_info{model="a",parameter="hot",value="true",version="1.0.0"} 1.0',
        ]
    )


def test_nothing_is_known_before_the_first_look():
    """A version of the logs is not unknown as long as nobody has looked."""
    monitor = RegisteredVersions(["bot"])
    monitor.update([InLogs({"bot": frozenset({"1.0.0"})})])
    assert shown(monitor) == ""


def test_what_was_found_stays_when_a_look_fails():
    """With the time at which it was found."""
    monitor = RegisteredVersions(["bot"])
    monitor.update([Look(4000.0, {"bot": promoted("1.0.0").standings()}), Look(4010.0, None)])
    text = shown(monitor)
    assert "modeltail_registry_up 0.0\n" in text
    assert "modeltail_registry_last_success_timestamp_seconds 4000.0\n" in text
    assert 'model_deployed_timestamp_seconds{model="bot",version="1.0.0"} 4600.0\n' in text


@pytest.mark.parametrize(("models", "expected"), [({}, 0), ({"bot": ("1.0.0",)}, 1)])
def test_versions_in_logs_are_known_or_not(models, expected):
    """A model that the registry does not have at all has no version that is known."""
    monitor = RegisteredVersions(["bot"])
    standings = {name: promoted(*versions).standings() for name, versions in models.items()}
    monitor.update([Look(4000.0, standings), InLogs({"bot": frozenset({"1.0.0"})})])
    line = f'model_version_registered{{model="bot",version="1.0.0"}} {expected}.0\n'
    assert line in shown(monitor)


def test_five_versions_are_shown():
    """The one in production, however long it is there, and those that changed last."""
    names = [f"1.{minor}.0" for minor in range(7)]
    lineage = promoted(*names).after(Event(at=START, action="rollback", version="1.5.0"))
    assert [one.name for one in latest(lineage.standings())] == [
        "1.5.0", "1.6.0", "1.4.0", "1.3.0", "1.2.0",
    ]  # fmt: skip


def test_labels_and_figures_are_bounded():
    """However much was registered."""
    version = Version(
        registered=START,
        trained_on="x" * 256,
        hyperparameters={f"p{number:02}": number for number in range(50)},
        metrics={f"m{number:02}": number for number in range(50)},
    )
    monitor = RegisteredVersions(["bot"])
    monitor.update([Look(1.0, {"bot": Lineage(versions={"1.0.0": version}).standings()})])
    text = shown(monitor)
    assert text.count("\nmodel_hyperparameter_info{") == text.count("\nmodel_offline_metric{") == 20
    assert f'trained_on="{"x" * 128}"' in text
