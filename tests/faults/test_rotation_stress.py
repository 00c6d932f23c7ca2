"""Many writers that rotate all the time, each in its own way: all that can be read is counted.

`MODELTAIL_ROTATIONS` is how often each writer rotates.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import threading
import time
from pathlib import Path

import pytest

from tests.commands.exporter_process import ExporterProcess, configure, running
from tests.faults.counted import Written, counted

ROTATIONS = int(os.environ.get("MODELTAIL_ROTATIONS", "8"))
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))


class RotatingWriter:
    """Writes numbered lines to a log and rotates it."""

    def __init__(self, folder: Path, way: str, seed: int) -> None:
        self.folder, self.way = folder, way
        folder.mkdir()
        self.name = folder.name
        self.path = folder / "app.log"
        self.written = Written()
        self.rotations = 0
        self.seen = 0.0
        """Lines that the exporter has counted, as far as is known."""
        self._chance = random.Random(seed)
        self._file = self.path.open("ab", buffering=0)
        self.stopped = threading.Event()
        self._packer: Path | None = None

    def run(self) -> None:
        """Write and rotate."""
        while self.rotations < ROTATIONS and not self.stopped.is_set():
            before = self.written.lines
            for _ in range(self._chance.randint(3, 25)):
                self._write(self._chance.randint(1, 30))
                self.stopped.wait(0.01)
            if self.way in ("away", "delete"):
                # Nobody can find what was never there for a look.
                while self.seen <= before and not self.stopped.wait(0.01):
                    pass
            self.rotations += 1
            getattr(self, f"_{self.way}")(self.folder / f"app.log.{self.rotations}")
        self._write(10)
        self._file.close()

    def _write(self, count: int) -> None:
        text = self.written.text(count)
        cut = self._chance.randint(0, len(text))
        self._file.write(text[:cut])
        self._file.write(text[cut:])

    def _begin(self) -> None:
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def _rename(self, target: Path) -> None:
        self.path.rename(target)
        self._write(self._chance.randint(0, 30))
        self._begin()

    def _away(self, target: Path) -> None:
        self.path.rename(target.with_name(f"old-{self.rotations}"))
        self._write(self._chance.randint(0, 30))
        self._begin()

    def _compress(self, target: Path) -> None:
        if self._packer is not None:
            compressed = self._packer.with_name(f"{self._packer.name}.gz")
            compressed.write_bytes(gzip.compress(self._packer.read_bytes()))
            self._packer.unlink()
        self._rename(target)
        self._packer = target

    def _copytruncate(self, target: Path) -> None:
        shutil.copyfile(self.path, target)
        os.truncate(self.path, 0)

    def _delete(self, target: Path) -> None:
        self._write(self._chance.randint(0, 30))
        self.path.unlink()
        self._file.close()
        self.stopped.wait(self._chance.uniform(0.005, 0.05))
        self._file = self.path.open("ab", buffering=0)


WAYS = ("rename", "away", "compress", "copytruncate", "delete")


def behind(exporter: ExporterProcess, writers: list[RotatingWriter]) -> dict[str, str]:
    """Tell the writers what was counted; return who is not done, or not counted to the end."""
    shown = counted(exporter)
    for writer in writers:
        writer.seen = shown[writer.name][0]
    return {
        w.name: f"after {w.rotations} rotations: written {w.written.lines}, counted {w.seen:g}"
        for w in writers
        if w.rotations < ROTATIONS or w.seen < w.written.lines
    }


@pytest.mark.timeout(3600)
def test_all_lines_are_counted_once_however_their_logs_rotate(tmp_path):
    """Not 95 percent, not once for some of them: each line, by its sequence number's class."""
    writers = [
        RotatingWriter(tmp_path / f"{way}-{number}", way, SEED + number)
        for way in WAYS
        for number in range(2)
    ]
    models = [{"name": w.name, "paths": [str(w.folder / "app.log*")]} for w in writers]
    config = configure(tmp_path, rotate_wait="1s", models=models)
    threads = [threading.Thread(target=writer.run) for writer in writers]
    pause = threading.Event()
    with running(config) as exporter:
        for thread in threads:
            thread.start()
        try:
            deadline = time.monotonic() + 20 + 3 * ROTATIONS
            while (late := behind(exporter, writers)) and time.monotonic() < deadline:
                pause.wait(0.05)
        finally:
            for writer in writers:
                writer.stopped.set()
            for thread in threads:
                thread.join()
        assert late == {}
        # What is held back, or taken for new by mistake, comes late.
        pause.wait(3)
        shown = counted(exporter)
    assert shown == {w.name: (w.written.lines, w.written.classes) for w in writers}
