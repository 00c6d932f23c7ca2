"""Logs in a real folder, to which anything may happen in any order: each line comes out once.

The model knows the bytes of each file, whatever names it has. After each poll every complete line
that can be read must have come out, no line may come out twice, and no line may be missing but
those whose bytes were gone before any poll could reach them.

`MODELTAIL_STEPS` is the number of steps that are tried.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.tailing.following import ROTATE_WAIT, Following

STEPS = int(os.environ.get("MODELTAIL_STEPS", "15000"))
STEPS_PER_EXAMPLE = 50

HEADER = "#" + "same beginning " * 80 + "\n"
"""Longer than the beginning by which files are told apart; its lines are not compared."""

PATIENCE = 2 * ROTATE_WAIT + 3.0
"""How long a file that looks like a copy of another one may be held back."""

LIMITS = st.sampled_from([1 << 20, 1 << 20, 100, 7])
PLACES = st.sampled_from(["inside", "inside", "beside", "away"])
"""Where a rotated file goes: matched by the glob, in the same folder, or in another one."""
BETWEEN = st.lists(st.sampled_from(["poll", "write", "commit", "restart", "kill"]), max_size=3)


@dataclass(eq=False)
class File:
    """What is behind a name; more than one may lead to it, or none."""

    data: bytearray = field(default_factory=bytearray)
    names: set[Path] = field(default_factory=set)
    packed: bool = False
    """Whether it is compressed, or there is a compressed form of it."""
    alike_until: float = 0.0
    """Until when it may be held back, for it resembles another one."""
    original: File | None = None
    opened: bool = False
    """Whether the tail surely has it open."""
    second_hand: bool = False
    """Whether its inode was another file's: a look alone may take it for that one, renamed."""
    seen_live: bool = False
    """Whether the tail has seen it while it was a log, hence knows when it is rotated."""
    opened_as: set[Path] = field(default_factory=set)
    left_at: float | None = None
    """When the tail may first have noticed that the file lost a name."""
    grown_at: float = 0.0
    size: int = 0
    ended: bool = False
    """Whether its last line may have been taken for complete."""
    linked: bool = False
    """Whether it ever had a second name: one that goes is no rotation as long as none follows."""

    @property
    def partial(self) -> str:
        """The beginning of a line at its end."""
        return self.data.rpartition(b"\n")[2].strip(b"\0").decode()

    def lines(self) -> set[str]:
        """Return the lines in it that count."""
        complete = self.data.split(b"\n")[:-1]
        texts = {line.strip(b"\0").decode() for line in complete}
        if self.ended:
            texts.add(self.partial)
        return {text for text in texts if text and text[0] != "#"}

    def overwritten(self) -> None:
        """Forget what was in it."""
        self.data.clear()
        self.ended, self.size, self.opened, self.second_hand = False, 0, False, True


@dataclass(eq=False)
class Writer:
    """A descriptor that a program writes to."""

    descriptor: int
    file: File
    appends: bool
    offset: int
    rest: bytes = b""
    """What is left of the line that it began."""

    def write(self, data: bytes) -> None:
        """Write to the real file, and to the one of the model."""
        assert os.write(self.descriptor, data) == len(data)
        if self.appends:
            self.file.data += data
            return
        self.file.data += bytes(max(0, self.offset - len(self.file.data)))
        self.file.data[self.offset : self.offset + len(data)] = data
        self.offset += len(data)


@dataclass
class Committed:
    """What a process that starts finds."""

    state: dict[str, Any] | None = None
    seen: set[str] = field(default_factory=set)
    folders: dict[File, set[Path]] = field(default_factory=dict)
    """Where the files were that were open."""
    known: set[File] = field(default_factory=set)
    held: dict[File, bytes] = field(default_factory=dict)
    """What they held."""


class Logs(RuleBasedStateMachine):
    """Programs that log, rotation, and a tail that may be killed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="modeltail-"))
        self.folder, self.away = self.root / "logs", self.root / "away"
        self.folder.mkdir()
        self.away.mkdir()
        self.link = self.folder / "cur.log"
        self.target: Path | None = None
        self.logs = [self.folder / "a.log", self.folder / "b.log", self.link]
        self.files: list[File] = []
        self.at: dict[Path, File] = {}
        self.inodes: set[int] = set()
        self.headed: set[File] = set()
        self.alike = False
        self.twice: set[str] = set()
        self.writers: dict[Path, Writer] = {}
        self.late: list[Writer] = []
        self.last_number = 0
        self.now = 1000.0
        self.following: Following | None = None
        self.committed = Committed()
        self.wanted: set[str] = set()
        self.excused: set[str] = set()
        self.seen: set[str] = set()
        self.begin()
        self.commit()

    # The model.

    def number(self) -> int:
        self.last_number += 1
        return self.last_number

    def text(self) -> str:
        """Return the text of a new line; some fill the beginning by which files are known."""
        number = self.number()
        # Where logs begin alike they must not end alike too: nothing would tell them apart.
        end = number if self.alike else ""
        return f"L{number}{'.' * (0 if number % 4 else 1100)}{end}"

    def real(self, log: Path) -> Path:
        """Return the name that a log has, links followed."""
        if log != self.link:
            return log
        if self.target is None:
            self.switch_target()
        assert self.target is not None
        return self.target

    def switch_target(self) -> None:
        self.target = self.away / f"target-{self.number()}"
        fresh = self.root / "fresh"
        fresh.symlink_to(self.target)
        fresh.rename(self.link)

    def matched_names(self, file: File) -> set[Path]:
        """Return the names of a file that the glob leads to."""
        names = {n for n in file.names if n.is_relative_to(self.folder) and ".log" in n.name}
        if self.target in file.names:
            names.add(self.link)
        return names

    def is_live(self, file: File) -> bool:
        """Return whether a program that opens its log would find this file."""
        return any(
            self.at.get(self.target if log == self.link else log) is file for log in self.logs
        )

    def reachable(self, file: File) -> bool:
        """Return whether the bytes of a file can still be read."""
        if self.matched_names(file):
            return True
        if self.following is not None:
            return file.opened
        if not file.data.startswith(self.committed.held.get(file, b"")):
            # Only its inode is left to know it by, which may be another file's by now.
            return False
        folders = self.committed.folders.get(file, set())
        return any(name.parent in folders for name in file.names)

    def excuse(self, lines: set[str]) -> None:
        self.excused |= lines
        self.wanted -= lines

    def settle(self) -> None:
        """Want the lines that are there to be read, and no longer those that are not."""
        there = set().union(*(file.lines() for file in self.files if self.reachable(file)))
        self.wanted |= there - self.excused
        self.excuse(self.wanted - self.seen - there)
        written = set().union(*(file.lines() for file in self.files))
        self.excuse(written - self.wanted)

    def took(self, lines: list[str]) -> None:
        for line in lines:
            if not line or line[0] == "#":
                continue
            assert line in self.wanted or line in self.excused, f"nobody wrote {line!r}"
            assert line not in self.seen or line in self.twice, f"{line!r} came out twice"
            self.twice -= {line} & self.seen
            self.seen.add(line)

    @initialize(alike=st.booleans())
    def choose(self, alike: bool) -> None:
        """Let many logs begin alike, or let one that does be truncated.

        Of two that begin alike, one is taken for a copy when the other one is truncated.
        """
        self.alike = alike

    def may_be_emptied(self, path: Path) -> bool:
        return path in self.at and not (self.alike and self.at[path] in self.headed)

    # The tail.

    def begin(self) -> None:
        """Start a process on what the last commit kept, and let it look."""
        self.settle()
        found = {file for file in self.files if self.reachable(file)}
        for file in self.files:
            # Too little to know a copy by, once the original is gone.
            if file.original and len(file.data) < 1024 and not self.matched_names(file.original):
                self.twice |= file.lines()
        for file in self.files:
            file.opened, file.seen_live, file.left_at = file in found, False, None
            # Another process may or may not know that the file was rotated.
            if file.ended:
                self.excuse({file.partial} - self.seen)
        self.following = Following(self.folder / "**" / "*.log*", state=self.committed.state)
        self.following.now = self.now
        self.poll_all(1 << 20)

    def end(self) -> None:
        """Forget what came out since the last commit."""
        assert self.following is not None
        self.following.tail.close()
        self.following = None
        self.seen = set(self.committed.seen)
        self.settle()

    def note_look(self) -> None:
        for file in self.files:
            names = self.matched_names(file)
            if names and self.now >= file.alike_until and not file.second_hand:
                file.opened = True
            file.seen_live |= bool(names) and self.is_live(file)
            file.opened_as = file.opened_as or set(names)
            if file.left_at is None and (not names or file.opened_as - names or file.second_hand):
                file.left_at = self.now

    def note_read(self) -> None:
        for file in self.files:
            if len(file.data) != file.size:
                file.size, file.grown_at = len(file.data), self.now
            if file.left_at is None:
                continue
            if self.now - max(file.left_at, file.grown_at) < ROTATE_WAIT:
                continue
            if not self.matched_names(file):
                file.opened = False
            self.end_line(file)

    def end_line(self, file: File) -> None:
        """Take the beginning of a line for a line, whether its end is written or not."""
        if file.ended or not file.partial:
            return
        file.ended = True
        for writer in [*self.late, *self.writers.values()]:
            if writer.file is file and writer.rest:
                writer.rest = b"\n"
        # Promised of a file that was seen before it was rotated.
        unsure = file.linked or not file.seen_live or self.is_live(file)
        if unsure or file.partial in self.excused:
            self.excuse({file.partial})
        else:
            self.wanted.add(file.partial)

    def poll_all(self, limit: int) -> None:
        assert self.following is not None
        self.now += 1.0
        self.note_look()
        self.note_read()
        self.took(self.following.poll(limit=limit))
        due = {
            line: file.names
            for file in self.files
            if self.reachable(file) and self.now >= file.alike_until and not file.ended
            for line in file.lines() & (self.wanted - self.seen)
        }
        assert not due, f"there to be read, and not read: {due}"
        for file in self.files:
            file.opened |= file.second_hand and bool(self.matched_names(file))
        self.close_quiet()
        self.settle()

    def close_quiet(self) -> None:
        for file in self.files:
            quiet = file.left_at is not None and not self.matched_names(file)
            if quiet and self.now - max(file.left_at, file.grown_at) >= ROTATE_WAIT:
                file.opened = False

    @rule(limit=LIMITS)
    @precondition(lambda self: self.following)
    def poll(self, limit: int) -> None:
        """Look, and read all there is."""
        self.poll_all(limit)

    @rule()
    @precondition(lambda self: self.following)
    def look(self) -> None:
        """Look, so that something happens before the files are read."""
        self.note_look()
        self.following.tail.look(self.now)

    @rule(limit=st.sampled_from([7, 100]))
    @precondition(lambda self: self.following)
    def read_some(self, limit: int) -> None:
        """Read a turn without another look."""
        self.note_read()
        for piece in self.following.tail.read(self.now, limit):
            self.took([line.decode() for line in piece.lines])

    @rule(seconds=st.sampled_from([ROTATE_WAIT / 2, ROTATE_WAIT]))
    def pass_time(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.now += seconds
        if self.following is not None:
            self.following.now = self.now
            self.poll_all(1 << 20)

    @rule()
    @precondition(lambda self: self.following)
    def commit(self) -> None:
        """Store everything."""
        assert self.following is not None
        opened = [file for file in self.files if file.opened]
        self.committed = Committed(
            self.following.stored(),
            set(self.seen),
            {file: {n.parent for n in file.opened_as or file.names} for file in opened},
            set(opened),
            {file: bytes(file.data) for file in opened},
        )

    @rule(orderly=st.booleans(), stays_down=st.sampled_from([False, False, True]))
    @precondition(lambda self: self.following)
    def stop(self, orderly: bool, stays_down: bool) -> None:
        """End in good order or at once; start again, or leave that for later."""
        if orderly:
            self.commit()
        self.end()
        if not stays_down:
            self.begin()

    @rule()
    @precondition(lambda self: not self.following)
    def start(self) -> None:
        """Start again."""
        self.begin()

    # Programs that log.

    def writer(self, log: Path, *, appends: bool = True, header: bool = False) -> Writer:
        """Return who writes a log, which is created as needed."""
        if log in self.writers:
            return self.writers[log]
        path = self.real(log)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if appends else 0))
        if path not in self.at:
            self.named(path, File())
        file = self.at[path]
        offset = os.lseek(descriptor, 0, os.SEEK_END)
        writer = self.writers[log] = Writer(descriptor, file, appends, offset)
        if file.ended and file.partial:
            writer.rest = b"\n"
        if header and not file.data and (self.alike or self.headed <= {file}):
            self.headed.add(file)
            file.alike_until = self.now + PATIENCE
            writer.write(HEADER.encode())
        return writer

    def named(self, path: Path, file: File) -> None:
        file.names.add(path)
        self.at[path] = file
        if file not in self.files:
            self.files.append(file)
            inode = path.stat().st_ino
            file.second_hand = inode in self.inodes
            self.inodes.add(inode)

    def write_lines(self, writer: Writer, count: int) -> None:
        lines = "".join(f"{self.text()}\n" for _ in range(count))
        writer.write(writer.rest + lines.encode())
        writer.rest = b""
        writer.file.ended = writer.file.ended and bool(writer.file.partial)
        self.settle()

    def draw_log(self, data: st.DataObject) -> Path:
        return data.draw(st.sampled_from(self.logs), label="log")

    @rule(data=st.data(), count=st.integers(1, 3), appends=st.booleans(), header=st.booleans())
    def write(self, data: st.DataObject, count: int, appends: bool, header: bool) -> None:
        """Write complete lines; what is left of a line comes first."""
        writer = self.writer(self.draw_log(data), appends=appends, header=header)
        self.write_lines(writer, count)

    @rule(data=st.data(), count=st.integers(1, 3), header=st.booleans())
    @precondition(lambda self: self.following)
    def write_and_poll(self, data: st.DataObject, count: int, header: bool) -> None:
        """Write complete lines, and have them read."""
        self.write_lines(self.writer(self.draw_log(data), header=header), count)
        self.poll_all(1 << 20)

    @rule(data=st.data())
    def write_partly(self, data: st.DataObject) -> None:
        """Write the beginning of a line."""
        writer = self.writer(self.draw_log(data))
        if not writer.rest:
            number = self.number()
            writer.write(f"L{number}a".encode())
            writer.rest = f"L{number}b\n".encode()
            writer.file.ended = False

    @rule(data=st.data(), count=st.integers(0, 2))
    @precondition(lambda self: self.late)
    def write_late(self, data: st.DataObject, count: int) -> None:
        """Write to what the log was before."""
        writer = data.draw(st.sampled_from(self.late), label="writer")
        if count or writer.rest:
            self.write_lines(writer, count)

    @rule(data=st.data())
    @precondition(lambda self: self.late)
    def close_late(self, data: st.DataObject) -> None:
        """Let a writer notice the rotation."""
        self.close(data.draw(st.sampled_from(self.late), label="writer"))

    @rule(data=st.data())
    @precondition(lambda self: self.writers)
    def close_writer(self, data: st.DataObject) -> None:
        """End a program that logs."""
        log = data.draw(st.sampled_from(sorted(self.writers)), label="log")
        self.close(self.writers.pop(log))

    def close(self, writer: Writer) -> None:
        os.close(writer.descriptor)
        if writer in self.late:
            self.late.remove(writer)

    def leave(self, log: Path, *, keeps: bool) -> None:
        """Have the writer of a log go on in the same file, or close it."""
        writer = self.writers.pop(log, None)
        if writer is not None and keeps:
            self.late.append(writer)
        elif writer is not None:
            self.close(writer)

    # Rotation.

    def free_name(self, log: Path, place: str, suffix: str = "") -> Path:
        if place == "inside":
            stem = self.folder / "cur.log" if log == self.link else log
            return stem.with_name(f"{stem.name}.{self.number()}{suffix}")
        folder = self.away if place == "away" else self.real(log).parent
        return folder / f"old-{self.number()}{suffix}"

    def move(self, source: Path, target: Path) -> None:
        source.rename(target)
        file = self.at.pop(source)
        file.names.remove(source)
        self.named(target, file)

    @rule(data=st.data(), place=PLACES, keeps=st.booleans(), creates=st.booleans())
    def rotate(self, data: st.DataObject, place: str, keeps: bool, creates: bool) -> None:
        """Rename a log; begin the next one at once or leave a gap."""
        log = self.draw_log(data)
        if self.real(log) not in self.at:
            return
        self.leave(log, keeps=keeps)
        self.move(self.real(log), self.free_name(log, place))
        if creates:
            self.writer(log)
        self.settle()

    @rule(keeps=st.booleans(), creates=st.booleans())
    def switch(self, keeps: bool, creates: bool) -> None:
        """Let the link lead to another file."""
        self.leave(self.link, keeps=keeps)
        self.switch_target()
        if creates:
            self.writer(self.link)
        self.settle()

    @rule(data=st.data(), place=PLACES, over=st.just(value=False), between=BETWEEN)
    def copytruncate(self, data: st.DataObject, place: str, over: bool, between: list[str]) -> None:
        """Copy a log, perhaps over an older file, and truncate it; anything between the two."""
        log = self.draw_log(data)
        path = self.real(log)
        if not self.may_be_emptied(path):
            return
        original = self.at[path]
        older = [p for p in self.rotated() if not self.at[p].packed and self.may_be_emptied(p)]
        if over and older:
            target = data.draw(st.sampled_from(older), label="over")
            for writer in [writer for writer in self.late if writer.file is self.at[target]]:
                self.close(writer)
            self.at[target].overwritten()
        else:
            target = self.free_name(log, place)
        shutil.copyfile(path, target)
        if original not in self.committed.known:
            # Which one is the copy can't be told by a process that never saw the other one.
            between = [step for step in between if step != "kill"]
        copy = self.at.get(target) or File()
        copy.data, copy.original = bytearray(original.data), original
        copy.alike_until = float("inf")
        self.named(target, copy)
        self.excuse({original.partial})
        for step in between:
            if step == "write":
                self.write_lines(self.writer(log), 1)
            elif self.following is None:
                continue
            elif step == "poll":
                self.poll_all(1 << 20)
            elif step == "commit":
                self.commit()
            else:
                self.stop(orderly=step == "restart", stays_down=False)
        self.empty(path)
        copy.alike_until = self.now + PATIENCE
        self.settle()

    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        """Throw away what is in a log."""
        path = self.real(self.draw_log(data))
        if self.may_be_emptied(path):
            self.empty(path)
            self.settle()

    def empty(self, path: Path) -> None:
        os.truncate(path, 0)
        file = self.at[path]
        file.data.clear()
        file.ended, file.size = False, 0

    def rotated(self) -> list[Path]:
        """Return the names, matched by the glob, of files that are not live."""
        return sorted(
            path
            for path, file in self.at.items()
            if path.is_relative_to(self.folder) and ".log." in path.name and not self.is_live(file)
        )

    @rule(data=st.data(), keep=st.booleans(), halfway=st.booleans())
    def compress(self, data: st.DataObject, keep: bool, halfway: bool) -> None:
        """Compress a rotated file, and remove it or not."""
        plain = [path for path in self.rotated() if not self.at[path].packed]
        if not plain:
            return
        path = data.draw(st.sampled_from(plain), label="path")
        file = self.at[path]
        for writer in [writer for writer in self.late if writer.file is file]:
            self.close(writer)
        packed = gzip.compress(bytes(file.data), mtime=0)
        target = self.compressed(path)
        with target.open("wb", buffering=0) as stream:
            stream.write(packed[: len(packed) // 2])
            if halfway and self.following is not None:
                self.poll_all(1 << 20)
            stream.write(packed[len(packed) // 2 :])
        # Packed twice, it would be two files that nothing tells apart.
        file.packed = True
        made = File(bytearray(file.data), packed=True, alike_until=self.now + PATIENCE)
        self.named(target, made)
        made.ended = bool(made.partial)
        self.excuse({made.partial} - self.seen)
        if keep:
            made.alike_until = float("inf")
        else:
            self.remove(path)
        self.settle()

    @staticmethod
    def compressed(path: Path) -> Path:
        return path.with_name(f"{path.name}.gz")

    def remove(self, path: Path) -> None:
        path.unlink()
        self.at.pop(path).names.remove(path)

    @rule(data=st.data(), place=PLACES)
    @precondition(lambda self: self.rotated())
    def rename_rotated(self, data: st.DataObject, place: str) -> None:
        """Give a rotated file another name, as the next rotation does."""
        path = data.draw(st.sampled_from(self.rotated()), label="path")
        suffix = ".gz" if path.suffix == ".gz" else ""
        self.move(path, self.free_name(self.folder / "a.log", place, suffix))
        self.settle()

    @rule(data=st.data(), keeps=st.booleans())
    @precondition(lambda self: self.at)
    def delete(self, data: st.DataObject, keeps: bool) -> None:
        """Remove a name."""
        path = data.draw(st.sampled_from(sorted(self.at)), label="path")
        for log in [log for log in self.writers if self.real(log) == path]:
            self.leave(log, keeps=keeps)
        self.remove(path)
        self.settle()

    @rule(data=st.data(), place=PLACES)
    def hard_link(self, data: st.DataObject, place: str) -> None:
        """Give a log a second name."""
        log = self.draw_log(data)
        if self.real(log) in self.at:
            target = self.free_name(log, place)
            target.hardlink_to(self.real(log))
            self.at[self.real(log)].linked = True
            self.named(target, self.at[self.real(log)])
            self.settle()

    @rule(depth=st.integers(1, 2))
    @precondition(lambda self: len(self.logs) < 5)
    def make_folder(self, depth: int) -> None:
        """Make a folder where `**` searches, for another log."""
        folder = self.folder.joinpath(*(str(self.number()) for _ in range(depth)))
        folder.mkdir(parents=True)
        self.logs.append(folder / "deep.log")

    def rest(self) -> None:
        """Let everything come to rest: nothing may be missing."""
        if self.following is None:
            self.begin()
        for _ in range(5):
            self.pass_time(ROTATE_WAIT)
        missing = self.wanted - self.seen
        assert not missing, f"never came out: {sorted(missing)}"
        assert self.following.too_long == 0

    def teardown(self) -> None:
        """Check the rest, and clean up."""
        try:
            self.rest()
        finally:
            if self.following is not None:
                self.following.tail.close()
            for writer in [*self.writers.values(), *self.late]:
                os.close(writer.descriptor)
            shutil.rmtree(self.root)


@pytest.mark.timeout(3600)
def test_every_line_comes_out_once():
    """Whatever happens to the files, and to the process that reads them."""
    run_state_machine_as_test(
        Logs,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_PER_EXAMPLE),
            stateful_step_count=STEPS_PER_EXAMPLE,
            # The same choices each time, unless somebody looks for new ones.
            derandomize="MODELTAIL_STEPS" not in os.environ,
            suppress_health_check=list(HealthCheck),
            # Telling which parts of a failing example matter takes minutes.
            phases=[phase for phase in Phase if phase is not Phase.explain],
            report_multiple_bugs=False,
        ),
    )
