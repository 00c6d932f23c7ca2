"""Disks that are full, and file systems that can't be written to."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def mount(directory: Path, *options: str) -> bool:
    """Mount a small file system in memory; ``False`` where that is not allowed."""
    listed = ",".join(options)
    command = ["mount", "-t", "tmpfs", "-o", listed, "tmpfs", str(directory)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


class Disk:
    """A small disk of its own, in memory."""

    def __init__(self, directory: Path) -> None:
        self._filler = directory / "filler"

    def fill(self, _process: int = 0) -> None:
        """Write a file that takes all the space there is."""
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(b"x" * 4096):
                pass

    def free(self, _process: int = 0) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)


class LimitedFiles:
    """In place of a full disk: no file of this process, or of a child, may grow beyond a page."""

    def __init__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(self, process: int = 0) -> None:
        """Set the limit."""
        resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, self._limits[1]))

    def free(self, process: int = 0) -> None:
        """Lift it."""
        resource.prlimit(process, resource.RLIMIT_FSIZE, self._limits)

    def close(self) -> None:
        """Leave nothing behind."""
        self.free()
        signal.signal(signal.SIGXFSZ, self._ignored)


@contextmanager
def small_disk(directory: Path, kibibytes: int = 256) -> Iterator[Disk | LimitedFiles]:
    """Give a directory a disk that can be filled, in some other way where none can be mounted."""
    directory.mkdir(exist_ok=True)
    if mount(directory, f"size={kibibytes}k"):
        try:
            yield Disk(directory)
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)
        return
    limited = LimitedFiles()
    try:
        yield limited
    finally:
        limited.close()


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Make a directory that nothing can be written to, and undo it at the end.

    Permissions stop everybody but root, for whom it is mounted read-only.
    """
    bound = ["mount", "--bind", str(directory), str(directory)]
    if subprocess.run(bound, check=False, capture_output=True).returncode == 0:
        remount = ["mount", "-o", "remount,bind,ro", str(directory)]
        try:
            subprocess.run(remount, check=True, capture_output=True)
            yield
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)
        return
    modes = {path: path.stat().st_mode for path in (directory, *directory.iterdir())}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
