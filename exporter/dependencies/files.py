"""A file that a model depends on."""

from __future__ import annotations

import os
import stat

from exporter.dependencies import schemas
from exporter.dependencies.probing import ProbeError, Seen


class FileProbe:
    """Looks at a file.

    Parameters
    ----------
    path
        The file.
    kind
        Format of its schema; ``None`` for none.
    """

    def __init__(self, path: str, kind: schemas.Format | None) -> None:
        self._path = path
        self._kind = kind
        self._known: tuple[tuple[int, int, int], str] | None = None

    def look(self) -> Seen:
        """Look at its time, size and schema."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 As for the paths of a directory.
            if not stat.S_ISREG(status.st_mode):
                # Reading from a FIFO would wait for whoever writes it.
                raise ProbeError("unreadable", f"{self._path} is no file")
            schema = None if self._kind is None else self._schema(self._kind, status)
        except FileNotFoundError as error:
            raise ProbeError("not_found", f"{self._path}: there is no such file") from error
        except OSError as error:
            raise ProbeError("unreadable", f"{self._path}: {error}") from error
        return Seen(changed=status.st_mtime, size=status.st_size, schema=schema)

    def _schema(self, kind: schemas.Format, status: os.stat_result) -> str:
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        # What did not change is not read again.
        if self._known is None or self._known[0] != version:
            try:
                self._known = (version, schemas.of_file(kind, self._path))
            except ValueError as error:
                raise ProbeError("schema", f"{self._path} is no {kind}: {error}") from error
        return self._known[1]
