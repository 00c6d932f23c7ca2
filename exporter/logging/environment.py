"""The packages that a service runs on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib import metadata


def package_versions(packages: Iterable[str] | None = None) -> dict[str, str]:
    """Return version by name, Python's first.

    Parameters
    ----------
    packages
        Names as pip has them; absent: of every package that was imported so far.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If a named package is not installed.
    """
    names = _imported() if packages is None else packages
    versions = {"python": platform.python_version()}
    for name in names:
        versions[name] = metadata.version(name)
    return versions


def _imported() -> list[str]:
    modules = {name.partition(".")[0] for name in sys.modules}
    found = {
        name
        for module, names in metadata.packages_distributions().items()
        if module in modules
        for name in names
    }
    return sorted(found, key=str.lower)
