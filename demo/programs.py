"""Starts programs, waits until they answer, and ends them by their process id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from demo import web


class ProgramError(Exception):
    """A program failed, ended early, or did not come up; the message says what it said."""


def run_to_end(command: Sequence[str], *, timeout: float = 60.0) -> str:
    """Run a command and return its standard output.

    Raises
    ------
    ProgramError
        It can't be started, takes more than `timeout` seconds, or exits with an error.
    """
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"{command[0]}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise ProgramError(f"{' '.join(command)}\nexit code {done.returncode}: {said}")
    return done.stdout


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """A program that runs beside the demo, with a log file.

    It has a session of its own, so that Ctrl-C reaches the demo alone, which then ends its
    programs one after the other.

    Parameters
    ----------
    name
        For messages; its log is `name`.log in `directory`.
    directory
        For the log.
    command
        Program and arguments.
    working_directory
        Where it runs; `directory` if not given.
    environment
        Added to the demo's own.

    Raises
    ------
    ProgramError
        It can't be started.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        command: Sequence[str],
        *,
        working_directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=working_directory or directory,
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProgramError(f"{name}: {error}") from error

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def check(self) -> None:
        """Make sure that it still runs.

        Raises
        ------
        ProgramError
            It has ended; the message holds the end of its log.
        """
        code = self._process.poll()
        if code is not None:
            said = self.log.read_text(encoding="utf-8", errors="replace").strip()
            tail = "\n".join(said.splitlines()[-15:])
            raise ProgramError(f"{self.name} ended with exit code {code}:\n{tail}")

    def wait_for_url(self, url: str, timeout: float = 30.0) -> None:
        """Wait until `url` answers with success.

        Raises
        ------
        ProgramError
            The program ended, or `timeout` seconds went by.
        """
        self._wait(lambda: web.answers(url), f"{url} did not answer", timeout)

    def wait_for_file(self, path: Path, timeout: float = 60.0) -> None:
        """Wait until `path` exists.

        Raises
        ------
        ProgramError
            The program ended, or `timeout` seconds went by.
        """
        self._wait(path.exists, f"{path.name} did not appear", timeout)

    def stop(self, patience: float = 10.0) -> None:
        """End it with SIGTERM, and with SIGKILL where that does not help within `patience` s."""
        if self._process.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                return

    def _wait(self, ready: Callable[[], bool], problem: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProgramError(f"{self.name}: {problem} within {timeout:g} s")
            time.sleep(0.05)
