"""Whole lines to a file that other threads and processes write as well."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from exporter.logging.encoding import PredictionFormatter


class PredictionFileHandler(logging.Handler):
    """Appends whole lines to a file that several threads and processes may share.

    A line is one `write` on a descriptor opened with `O_APPEND`, which a local file system does
    not interleave with another. Before each, the path is looked at: a file that was renamed or
    removed by logrotate is left alone, and a new one begun.

    Parameters
    ----------
    path
        The file; it is created on the first line, its directory must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._name = os.fspath(self.path)
        self.setFormatter(PredictionFormatter())
        self._descriptor = -1
        self._identity = (-1, -1)
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; report a failure as logging does, and never raise it."""
        try:
            self._append(self.format(record).encode() + b"\n")
        except Exception:  # noqa: BLE001 Logging must not stop the service that logs.
            self.handleError(record)

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        self.acquire()
        try:
            self._release()
        finally:
            self.release()
        super().close()

    def _append(self, line: bytes) -> None:
        self._follow_rotation()
        if self._torn:
            # What a full disk let through of the line before must not spoil this one too.
            line = b"\n" + line
        written = os.write(self._descriptor, line)
        self._torn = written < len(line) and (written > 0 or self._torn)
        if written < len(line):
            raise OSError(f"{self.path}: only {written} of {len(line)} bytes written")

    def _follow_rotation(self) -> None:
        try:
            # Of a Path it takes half as long again.
            if _identity(os.stat(self._name)) == self._identity:  # noqa: PTH116
                return
        except FileNotFoundError:
            pass
        self._release()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        self._identity = _identity(os.fstat(self._descriptor))
        self._torn = False

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self._identity = (-1, -1)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
