from __future__ import annotations

import platform
from importlib import metadata

import pytest

from exporter.logging.environment import package_versions
from tests.logging.events import Memory


def test_named_packages():
    """Python and what is asked for, in that order."""
    memory = Memory(model="bot", model_version="7")
    memory.log.environment(["numpy"])
    [event] = memory.events
    assert event == {
        "model": "bot",
        "model_version": "7",
        "package_versions": {
            "python": platform.python_version(),
            "numpy": metadata.version("numpy"),
        },
    }


def test_imported_packages():
    """What this process has imported is there, and what it has not is not."""
    versions = package_versions()
    assert versions["hypothesis"] == metadata.version("hypothesis")
    assert versions["numpy"] == metadata.version("numpy")
    assert "check-jsonschema" not in versions
    assert list(versions) == ["python", *sorted(set(versions) - {"python"}, key=str.lower)]


def test_a_package_that_is_not_there():
    """A misspelt name is told at start, not missed later."""
    with pytest.raises(metadata.PackageNotFoundError, match="nunpy"):
        Memory().log.environment(["nunpy"])
