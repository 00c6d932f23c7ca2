"""A disk of some hundred kilobytes for another process, whoever runs the tests."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands.exporter_process import REPOSITORY

KIBIBYTES = 512


class PrivateDisk:
    """A file system in memory, mounted where only processes of its namespace see it.

    Parameters
    ----------
    directory
        Where it is mounted.

    Attributes
    ----------
    path
        The same for everybody else.
    within
        Runs a command in the namespace.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        script = f'mount -t tmpfs -o size={KIBIBYTES}k tmpfs "$1" && echo mounted && exec cat'
        # Nobody needs to be root for that, where user namespaces are allowed.
        self._holder = subprocess.Popen(
            [
                "unshare",
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
                directory,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline()
        assert said == "mounted\n", (
            f"no disk can be mounted ({said.strip()}); this test needs user namespaces: "
            "sysctl kernel.unprivileged_userns_clone=1, or docker run --privileged"
        )
        pid = self._holder.pid
        self.path = Path(f"/proc/{pid}/root{directory}")
        self.within = [
            "nsenter", f"--target={pid}", "--user", "--mount", "--preserve-credentials",
            f"--wd={REPOSITORY}",
        ]  # fmt: skip

    def fill(self) -> None:
        """Write a file that takes all the space there is."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for size in (4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"x" * size):
                        pass

    def free(self) -> None:
        """Give the space back."""
        (self.path / "filler").unlink()

    def close(self) -> None:
        """Unmount it: it goes with its last process."""
        self._holder.communicate("")


@contextmanager
def private_disk(directory: Path) -> Iterator[PrivateDisk]:
    """Mount it, and unmount it at the end."""
    disk = PrivateDisk(directory)
    try:
        yield disk
    finally:
        disk.close()
