"""The file of the registry, read anew when it is another one."""

from __future__ import annotations

from pathlib import Path

from exporter.errors import UsageError
from exporter.registry import document
from exporter.registry.looker import Models


class FileReader:
    """Returns the versions of all models; what did not change is not parsed again.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, ...] = ()
        self._models: Models = {}

    def __call__(self) -> Models:
        """Look at the file.

        Raises
        ------
        UsageError
            If it can't be read, or says what can't be.
        """
        try:
            now = self._path.stat()
        except OSError as error:
            raise UsageError(f"{self._path}: can't read the registry: {error.strerror}") from error
        mark = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
        if mark != self._mark:
            registry = document.read(self._path)
            self._models = {name: each.standings() for name, each in registry.models.items()}
            self._mark = mark
        return self._models
