"""Real model servers that do nothing but use their machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil

MAIN = """
import os, signal, sys, time

def work(seconds):
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass

def worker(seconds):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        work(seconds)
        os.write(1, b"worked\\n")
        signal.pause()

workers, seconds = int(sys.argv[2]), float(sys.argv[3])
signal.signal(signal.SIGCHLD, lambda *_: (os.wait(), worker(seconds)))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
for _ in range(workers):
    worker(seconds)
os.write(1, b"started\\n")
while True:
    signal.pause()
"""


class RealServer:
    """A main process that replaces the workers that end, as gunicorn does.

    Parameters
    ----------
    name
        In its command line.
    workers, seconds
        How many there are, and what each uses of the CPU at first.
    """

    def __init__(self, name: str, workers: int = 2, seconds: float = 0.05) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", MAIN, name, str(workers), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._children = psutil.Process(self.pid)
        try:
            self.wait_for("started", "worked", times=workers)
        except BaseException:
            self.close()
            raise

    def wait_for(self, *words: str, times: int) -> None:
        """Wait until it has said the words, the last one some times."""
        expected = sorted([*words[:-1], *words[-1:] * times])
        said = [self._process.stdout.readline().strip() for _ in expected]
        assert sorted(said) == expected

    def workers(self) -> list[int]:
        """Return the numbers of its children."""
        return sorted(child.pid for child in self._children.children())

    def cpu_seconds(self) -> float:
        """Return what it has used, and all of its workers, those that ended included."""
        processes = [self._children, *self._children.children()]
        return sum(sum(process.cpu_times()[:4]) for process in processes)

    def kill_worker(self) -> None:
        """Kill one, and wait until another one has taken its place and worked."""
        before = self.workers()
        psutil.Process(before[0]).send_signal(signal.SIGKILL)
        self.wait_for("worked", times=1)
        deadline = time.monotonic() + 10
        while before[0] in self.workers():
            assert time.monotonic() < deadline

    def close(self) -> None:
        """Kill all of it, and wait until it is gone."""
        workers = []
        if self._process.poll() is None:
            # Stopped, it replaces nobody.
            self._process.send_signal(signal.SIGSTOP)
            workers = self._children.children()
            for child in workers:
                child.kill()
            self._process.kill()
        self._process.wait()
        assert not psutil.wait_procs(workers, timeout=10)[1]
        self._process.stdout.close()
