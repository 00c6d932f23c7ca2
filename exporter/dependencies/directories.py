"""A directory that files are delivered to."""

from __future__ import annotations

import os

from exporter.dependencies import schemas
from exporter.dependencies.files import FileProbe
from exporter.dependencies.probing import ProbeError, Seen


class DirectoryProbe:
    """Looks at the files right in a directory; hidden ones, which are being written, not counted.

    Parameters
    ----------
    path
        The directory.
    kind
        Format of the newest file's schema; ``None``: as the ending of its name says.
    """

    def __init__(self, path: str, kind: schemas.Format | None) -> None:
        self._path = path
        self._kind = kind
        self._newest: tuple[str, FileProbe] | None = None

    def look(self) -> Seen:
        """Look at the newest file's time and schema, and the size of all files."""
        size, newest = 0, (0.0, "")
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.is_file():
                        continue
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        # Fetched and removed meanwhile.
                        continue
                    size += status.st_size
                    newest = max(newest, (status.st_mtime, entry.path))
        except FileNotFoundError as error:
            raise ProbeError("not_found", f"{self._path}: {error}") from error
        except OSError as error:
            raise ProbeError("unreadable", f"{self._path}: {error}") from error
        changed, path = newest
        if not path:
            return Seen(size=0)
        return Seen(changed=changed, size=size, schema=self._schema(path))

    def _schema(self, path: str) -> str | None:
        if self._newest is None or self._newest[0] != path:
            self._newest = (path, FileProbe(path, self._kind or schemas.format_of(path)))
        return self._newest[1].look().schema
