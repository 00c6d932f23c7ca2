"""What rotation, writers and crashes do to logs, one row after the other: nothing is lost.

The rows are those on which other log tailers were measured. All happen at once, each to a log of
its own, while one exporter follows them all; it is killed in between, with `kill -9`.
`MODELTAIL_WATCH` may be `auto,poll`, to try both ways to notice changes.
"""

# ruff: noqa: D103  # The rows speak by name.

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.exporter_process import ExporterProcess, configure, free_port
from tests.faults.counted import Written, counted

READ = "read"
"""Go on when all that was written was counted."""
KILLED = "killed"
"""Go on when the exporter is dead."""
PAUSE = 1.3
"""Longer than `rotate_wait`."""
LIMIT = 30.0
WATCH = os.environ.get("MODELTAIL_WATCH", "auto").split(",")


class Log(Written):
    """A log in a folder of its own, and what was written to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        folder.mkdir()
        self.path = folder / "app.log"

    def add(self, count: int) -> None:
        """Write lines at the end of the log."""
        self.append(self.path, count)

    def rotate(self, name: str = "app.log.1") -> Path:
        """Rename the log."""
        return self.path.rename(self.folder / name)

    def copy(self, name: str) -> Path:
        """Copy the log."""
        return Path(shutil.copyfile(self.path, self.folder / name))


Row = Callable[[Log], Iterator[str | float]]
ROWS: dict[str, Row] = {}


def row(happens: Row) -> Row:
    """Add a row; what it does before it first waits is done before the exporter starts."""
    ROWS[happens.__name__] = happens
    return happens


@row
def there_at_the_start(log):
    log.add(10)
    yield READ
    log.add(5)


@row
def born_while_running(log):
    yield READ
    log.add(7)
    yield READ
    log.add(3)


@row
def renamed_while_its_writer_goes_on(log):
    log.add(5)
    with log.path.open("ab", buffering=0) as old:
        yield READ
        log.rotate("old")
        yield PAUSE / 3
        old.write(log.text(2))
        log.add(3)
        yield PAUSE / 3
        old.write(log.text(2))
        yield READ


@row
def renamed_within_the_glob_while_its_writer_goes_on(log):
    log.add(5)
    with log.path.open("ab", buffering=0) as old:
        yield READ
        log.rotate()
        for _ in range(3):
            yield PAUSE
            old.write(log.text(4))
        log.add(3)
        yield READ


@row
def renamed_and_no_file_for_a_while(log):
    log.add(9)
    yield READ
    log.rotate("old")
    yield PAUSE
    log.add(6)
    yield READ
    log.add(2)


@row
def copied_out_of_the_glob_and_truncated(log):
    log.add(50)
    yield READ
    log.copy("old")
    os.truncate(log.path, 0)
    log.add(5)


@row
def copied_within_the_glob_and_truncated(log):
    log.add(50)
    yield READ
    log.copy("app.log.1")
    yield PAUSE / 3
    os.truncate(log.path, 0)
    log.add(5)
    yield 3 * PAUSE


@row
def lines_that_only_the_copy_has(log):
    log.add(50)
    yield READ
    log.add(20)
    log.copy("app.log.1")
    os.truncate(log.path, 0)
    log.add(5)


@row
def truncated_and_longer_again_at_once(log):
    log.add(5)
    yield READ
    log.copy("old")
    os.truncate(log.path, 0)
    log.add(500)


@row
def truncated_under_a_writer_without_o_append(log):
    with log.path.open("wb", buffering=0) as file:
        file.write(log.text(50))
        yield READ
        os.truncate(log.path, 0)
        file.write(log.text(5))
        yield READ


@row
def a_line_in_two_parts(log):
    line = log.text(1)
    with log.path.open("ab", buffering=0) as file:
        file.write(line[:20])
        yield PAUSE
        file.write(line[20:])
        yield READ


@row
def no_line_end_before_the_rotation(log):
    log.add(1)
    yield READ
    with log.path.open("ab", buffering=0) as file:
        file.write(log.text(1)[:-1])
    yield PAUSE / 3
    log.rotate("old")
    log.add(1)


@row
def no_line_end_before_the_rotation_within_the_glob(log):
    log.add(1)
    yield READ
    with log.path.open("ab", buffering=0) as file:
        file.write(log.text(1)[:-1])
    yield PAUSE / 3
    log.rotate()
    log.add(1)


@row
def a_byte_that_is_no_utf8(log):
    yield READ
    with log.path.open("ab", buffering=0) as file:
        file.write(b'{"prediction": "class 0", "note": "\xff"}\n')
    log.lines += 1
    log.classes["class 0"] += 1
    yield PAUSE / 3
    log.add(2000)


@row
def line_ends_of_windows_and_other_letters(log):
    with log.path.open("ab", buffering=0) as file:
        file.write(log.text(2).replace(b"\n", b"\r\n"))
        file.write(log.text(2, "größer ≥ 日本"))
    yield READ


@row
def a_line_of_ten_megabytes(log):
    log.add(3)
    yield READ
    with log.path.open("ab", buffering=0) as file:
        file.write(b"x" * 10_000_000 + b"\n")
    log.lines += 1
    log.add(3)


@row
def symbolic_link_switched(log):
    first, second = log.folder / "1", log.folder / "2"
    log.append(first, 3)
    log.path.symlink_to(first)
    yield READ
    log.append(second, 4)
    fresh = log.folder / "fresh"
    fresh.symlink_to(second)
    fresh.rename(log.path)
    yield READ
    log.append(second, 2)


@row
def rotated_name_matched_by_the_glob(log):
    log.add(5)
    yield READ
    log.rotate()
    log.add(3)


@row
def removed_and_written_again(log):
    log.add(5)
    yield READ
    log.path.unlink()
    log.add(50)


@row
def removed_while_its_writer_goes_on(log):
    log.add(5)
    with log.path.open("ab", buffering=0) as file:
        yield READ
        log.path.unlink()
        file.write(log.text(4))
        yield READ


@row
def compressed_file_appears(log):
    yield READ
    (log.folder / "app.log.2.gz").write_bytes(gzip.compress(log.text(5)))


@row
def rotated_then_compressed(log):
    log.add(30)
    yield READ
    rotated = log.rotate()
    log.add(2)
    yield PAUSE / 3
    compressed = log.folder / "app.log.1.gz"
    compressed.write_bytes(gzip.compress(rotated.read_bytes()))
    yield PAUSE / 3
    rotated.unlink()
    yield 3 * PAUSE


@row
def hard_link_within_the_glob(log):
    log.add(5)
    yield READ
    (log.folder / "app.log.link").hardlink_to(log.path)
    log.add(5)


@row
def logs_that_begin_alike(log):
    same = log.text(1)
    (log.folder / "app.log.a").write_bytes(same + log.text(3))
    (log.folder / "app.log.b").write_bytes(same + log.text(3))
    log.classes.update([json.loads(same)["prediction"]])
    log.lines += 1
    yield READ


@row
def written_while_down(log):
    log.add(4)
    yield READ
    yield KILLED
    log.add(9)
    yield READ
    log.add(2)


@row
def rotated_within_the_glob_while_down(log):
    log.add(4)
    yield READ
    yield KILLED
    log.add(3)
    log.rotate()
    log.add(5)


@row
def rotated_out_of_the_glob_while_down(log):
    log.add(4)
    yield READ
    yield KILLED
    log.add(3)
    log.rotate("old")
    log.add(5)


@row
def rotated_and_compressed_while_down(log):
    log.add(40)
    yield READ
    yield KILLED
    log.add(3)
    rotated = log.rotate()
    (log.folder / "app.log.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    log.add(5)


@row
def copied_and_truncated_while_down(log):
    log.add(40)
    yield READ
    yield KILLED
    log.add(3)
    log.copy("app.log.1")
    os.truncate(log.path, 0)
    log.add(5)
    yield 3 * PAUSE


@row
def truncated_and_longer_again_while_down(log):
    log.add(4)
    yield READ
    yield KILLED
    os.truncate(log.path, 0)
    log.add(50)


@row
def inode_of_another_log_while_down(log):
    log.add(4)
    yield READ
    inode = log.path.stat().st_ino
    yield KILLED
    log.path.unlink()
    for number in range(200):
        candidate = log.folder / f"candidate-{number}"
        candidate.touch()
        if candidate.stat().st_ino == inode:
            candidate.rename(log.path)
            break
    # A file system that never reuses numbers has no such fault.
    log.add(7)


@row
def half_a_line_while_it_is_killed(log):
    log.add(1)
    yield READ
    line = log.text(1)
    with log.path.open("ab", buffering=0) as file:
        file.write(line[:20])
        yield PAUSE
        yield KILLED
        yield PAUSE
        file.write(line[20:])
        yield READ


class Table:
    """The rows as they go, and the exporter that follows their logs."""

    def __init__(self, folder: Path, watch: str) -> None:
        self.logs = {name: Log(folder / name) for name in ROWS}
        models = [
            {"name": name, "paths": [str(log.folder / "app.log*")]}
            for name, log in self.logs.items()
        ]
        self._config = configure(folder, rotate_wait="1s", watch=watch, models=models)
        self._going = {name: ROWS[name](log) for name, log in self.logs.items()}
        self._waiting: dict[str, str | float] = {}
        self._since: dict[str, float] = {}
        self._exporter: ExporterProcess | None = None
        self._wrong: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        """Let everything happen, and return what is wrong by row."""
        for name in list(self._going):
            self._go_on(name)
        self._exporter = ExporterProcess(self._config, free_port()).ready()
        try:
            self._happen()
        finally:
            self._exporter.close()
        return self._wrong

    def _go_on(self, name: str) -> None:
        self._since[name] = time.monotonic()
        try:
            self._waiting[name] = next(self._going[name])
        except StopIteration:
            del self._going[name]
            # What was counted must stay so when nothing is written any more.
            self._waiting[name] = READ

    def _happen(self) -> None:
        pause = threading.Event()
        while self._waiting:
            shown = self._shown()
            for name in list(self._waiting):
                self._advance(name, shown)
            if self._waiting and set(self._waiting.values()) == {KILLED}:
                self._kill()
            pause.wait(0.05)
        # Held back, or read by mistake, it would show by now.
        pause.wait(3 * PAUSE)
        shown = self._shown()
        for name, log in self.logs.items():
            if shown[name] != (log.lines, log.classes):
                self._wrong[name] = f"written {log.lines} {log.classes}, counted {shown[name]}"

    def _advance(self, name: str, shown: dict[str, tuple[float, Counter[str]]]) -> None:
        wait, since, log = self._waiting[name], self._since[name], self.logs[name]
        passed = time.monotonic() - since
        if wait == KILLED:
            return
        if wait == READ:
            if shown[name][0] != log.lines and passed < LIMIT:
                return
        elif passed < float(wait):
            return
        del self._waiting[name]
        if name in self._going:
            self._go_on(name)

    def _kill(self) -> None:
        assert self._exporter is not None
        assert self._exporter.send(signal.SIGKILL) == -signal.SIGKILL
        self._exporter.close()
        for name in list(self._waiting):
            del self._waiting[name]
            self._go_on(name)
        self._exporter = ExporterProcess(self._config, free_port()).ready()

    def _shown(self) -> dict[str, tuple[float, Counter[str]]]:
        assert self._exporter is not None
        return counted(self._exporter)


@pytest.mark.parametrize("watch", WATCH)
def test_every_row_counts_what_was_written(tmp_path, watch):
    """Whether the operating system tells of changes or not."""
    wrong = Table(tmp_path, watch).run()
    assert wrong == {}, "\n".join(f"{name}: {what}" for name, what in wrong.items())
