from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest

from exporter.errors import UsageError
from exporter.registry.document import Registry, read, write
from exporter.registry.lineage import Event, Lineage, Version

TIME = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
HISTORY = (Event(at=TIME, action="promote", version="1.0.0", by="ana", reason="first: one\n#2"),)
BOT = Lineage(
    versions={
        "1.0.0": Version(
            registered=TIME,
            kind="forest",
            trained_on="tickets été",
            examples=12_000,
            hyperparameters={"depth": 6, "rate": 0.1, "warm": False, "loss": "no"},
            metrics={"accuracy": 0.93},
        )
    },
    history=HISTORY,
)


def test_what_is_written_is_read(tmp_path):
    """Types and texts stay what they are: `no` is a text, and no boolean."""
    path = tmp_path / "registry.yml"
    write(Registry(models={"bot": BOT}), path)
    assert read(path) == Registry(models={"bot": BOT})


def test_times_may_be_written_by_hand(tmp_path):
    """Without quotes, and with another offset."""
    path = tmp_path / "registry.yml"
    path.write_text("models: {bot: {versions: {1.0.0: {registered: 2026-11-01T14:30:00+02:00}}}}")
    assert read(path).lineage("bot").versions["1.0.0"].registered == TIME


def test_a_model_without_versions_is_empty():
    """It needs no entry."""
    assert Registry().lineage("bot") == Lineage()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the configuration is empty"),
        ("models:\n bot:\n  version: {}", "3: models.bot.version: unknown key; did you mean vers"),
        (
            "models:\n bot:\n  versions:\n   1.0.0: {registered: 2026-11-01T14:30:00}",
            "4: models.bot.versions.1.0.0.registered: expected",
        ),
        (
            "models:\n bot:\n  versions:\n   v1: {registered: 2026-11-01T14:30:00Z}",
            "2: models.bot: 'v1' is no semantic version",
        ),
        (
            "models:\n bot:\n  history: [{at: 2026-11-01T14:30:00Z, action: archive, version: 1}]",
            "3: models.bot.history.0.version: expected a text, got 1",
        ),
        (
            "models:\n bot:\n  versions:\n   1.0.0:\n    metrics: {a: .nan}\n    registered: ''",
            "5: models.bot.versions.1.0.0.metrics.a: expected a finite number",
        ),
    ],
)
def test_mistakes_have_their_line(tmp_path, text, message):
    """And say which key is wrong, and how."""
    path = tmp_path / "registry.yml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{message}")


def test_a_file_keeps_its_mode(tmp_path):
    """What only a group may read stays so."""
    path = tmp_path / "registry.yml"
    write(Registry(), path)
    path.chmod(0o640)
    write(Registry(models={"bot": BOT}), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["registry.yml"]
