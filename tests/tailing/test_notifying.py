from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.tailing.discovery import discover
from exporter.tailing.folders import merge
from exporter.tailing.watching import POLL_SECONDS, Changes

if sys.platform != "linux":
    pytest.skip("inotify is Linux'", allow_module_level=True)

from inotify_simple import Event, INotify, flags

from exporter.tailing.notifying import NotifyingWaker

GATHER = 0.05
NOTHING = Changes()
NAMES = Changes(names=True)


class Watching:
    """A waker over what some patterns match, settled after each look."""

    def __init__(self, *patterns, file_system="ext4", gather=GATHER) -> None:
        self.patterns = [str(pattern) for pattern in patterns]
        self.kind = file_system
        self.asked = 0
        self.waker = NotifyingWaker(gather, time.monotonic, self._file_system)
        self.look()

    def _file_system(self, folder: str) -> str:
        self.asked += 1
        return self.kind

    def look(self) -> None:
        """Watch what is there now, and take in what that says of itself."""
        self.waker.watch(merge(iter([discover(self.patterns).folders])))
        while self.waker.wait(0.0).names:
            pass

    def changes(self, seconds: float = 20.0, streams=()) -> Changes:
        """Wait for a change."""
        return self.waker.wait(seconds, streams)


@pytest.fixture
def watching():
    """Return a maker of wakers that are closed afterwards."""
    made = []

    def make(*patterns, **options):
        made.append(Watching(*patterns, **options))
        return made[-1]

    yield make
    for one in made:
        one.waker.close()


def append(path) -> None:
    """Write to a file that may be new."""
    with path.open("a") as file:
        file.write("x")


def written(*paths) -> Changes:
    """Return the change that files were written to."""
    return Changes(frozenset(map(str, paths)))


def test_writing_to_a_file_is_told_by_its_path(tmp_path, watching):
    """Long before the time is over; truncating it is told as well."""
    append(tmp_path / "a.log")
    watcher = watching(tmp_path / "*.log")
    append(tmp_path / "a.log")
    assert watcher.changes() == written(tmp_path / "a.log")
    os.truncate(tmp_path / "a.log", 0)
    assert watcher.changes() == written(tmp_path / "a.log")
    assert watcher.changes(0.1) == NOTHING


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: os.mknod(folder / "new.log"),
        lambda folder: (folder / "a.log").rename(folder / "b.log"),
        lambda folder: (folder / "a.log").rename(folder / "a.txt"),
        lambda folder: (folder / "a.txt").rename(folder / "b.log"),
        lambda folder: (folder / "a.log").unlink(),
        lambda folder: (folder / "a.log").chmod(0o600),
        lambda folder: folder.chmod(0o755),
        lambda folder: folder.rename(folder.with_name("other")),
        lambda folder: (folder / "link.log").symlink_to("a.txt"),
    ],
    ids=["create", "rename", "leave", "come", "delete", "permit", "permit all", "move", "link"],
)
def test_a_change_of_names_asks_for_a_look(tmp_path, watching, change):
    """Permission that is regained is one."""
    folder = tmp_path / "logs"
    folder.mkdir(mode=0o700)
    append(folder / "a.log")
    append(folder / "a.txt")
    watcher = watching(folder / "*.log")
    change(folder)
    assert watcher.changes() == NAMES


def test_what_does_not_matter_ends_no_wait(tmp_path, watching):
    """Neither files that no pattern matches, nor our own reading."""
    append(tmp_path / "a.log")
    watcher = watching(tmp_path / "*.log", tmp_path / "deep" / "b.log")
    append(tmp_path / "b.txt")
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.log").read_text()
    list(tmp_path.iterdir())
    assert watcher.changes(0.2) == NOTHING


def test_a_change_while_it_waits_ends_the_wait(tmp_path, watching):
    """From another thread, as from another process."""
    watcher = watching(tmp_path / "*.log")
    timer = threading.Timer(0.05, append, [tmp_path / "a.log"])
    timer.start()
    started = time.monotonic()
    assert watcher.changes().names
    assert time.monotonic() - started < 10
    timer.join()


def test_many_changes_end_few_waits(tmp_path, watching):
    """A file that is written to all the time is read a few times a second."""
    append(tmp_path / "a.log")
    watcher = watching(tmp_path / "*.log")
    stopped = threading.Event()

    def write() -> None:
        with (tmp_path / "a.log").open("wb", buffering=0) as log:
            while not stopped.wait(0.001):
                log.write(b"line\n")

    writer = threading.Thread(target=write)
    writer.start()
    started = time.monotonic()
    seen = {watcher.changes() for _ in range(5)}
    lasted = time.monotonic() - started
    stopped.set()
    writer.join()
    assert seen == {written(tmp_path / "a.log")}
    assert 5 * GATHER <= lasted < 10


def test_gathering_ends_with_the_wait(tmp_path, watching):
    """The next snapshot does not wait for it."""
    append(tmp_path / "a.log")
    watcher = watching(tmp_path / "*.log", gather=30.0)
    append(tmp_path / "a.log")
    started = time.monotonic()
    assert watcher.changes(0.1) == written(tmp_path / "a.log")
    assert time.monotonic() - started < 10


def test_folders_below_two_stars_are_watched_as_they_come(tmp_path, watching):
    """The look that finds one asks for another one: files in it may have come before the watch."""
    watcher = watching(tmp_path / "**" / "*.log")
    (tmp_path / "deep").mkdir()
    assert watcher.changes() == NAMES
    watcher.waker.watch(merge(iter([discover(watcher.patterns).folders])))
    assert watcher.changes() == NAMES
    (tmp_path / "deep" / "er").mkdir()
    assert watcher.changes() == NAMES
    watcher.look()
    append(tmp_path / "deep" / "er" / "a.log")
    assert watcher.changes().names


def test_a_path_is_watched_from_above_until_it_is_there(tmp_path, watching):
    """Each step asks for a look."""
    path = tmp_path / "some" / "where" / "a.log"
    watcher = watching(path)
    path.parent.parent.mkdir()
    assert watcher.changes() == NAMES
    watcher.look()
    path.parent.mkdir()
    assert watcher.changes() == NAMES
    watcher.look()
    append(path)
    assert watcher.changes().names


def test_a_folder_that_is_replaced_is_watched_anew(tmp_path, watching):
    """Also by way of a link, or somewhere above."""
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        append(tmp_path / name / "deep" / "a.log")
    (tmp_path / "current").symlink_to("one")
    path = tmp_path / "current" / "deep" / "a.log"
    watcher = watching(path)
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(tmp_path / "current")
    assert watcher.changes() == NAMES
    watcher.look()
    append(tmp_path / "one" / "deep" / "a.log")
    assert watcher.changes(0.1) == NOTHING
    append(tmp_path / "two" / "deep" / "a.log")
    assert watcher.changes() == written(path)


def test_the_file_that_a_link_leads_to_is_watched(tmp_path, watching):
    """Under the path of the link; nothing else in its folder is."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "data").mkdir()
    append(tmp_path / "data" / "real")
    (tmp_path / "logs" / "a.log").symlink_to(tmp_path / "data" / "real")
    watcher = watching(tmp_path / "logs" / "*.log")
    append(tmp_path / "data" / "other")
    append(tmp_path / "data" / "real")
    assert watcher.changes() == written(tmp_path / "logs" / "a.log")
    (tmp_path / "data" / "real").rename(tmp_path / "data" / "real.1")
    assert watcher.changes() == NAMES


def test_one_folder_under_two_paths_is_told_under_both(tmp_path, watching):
    """The system has one watch for it."""
    (tmp_path / "logs").mkdir()
    append(tmp_path / "logs" / "a.log")
    (tmp_path / "link").symlink_to("logs")
    watcher = watching(tmp_path / "logs" / "*.log", tmp_path / "link" / "*.log", f"{tmp_path}/logs")
    append(tmp_path / "logs" / "a.log")
    assert watcher.changes() == written(tmp_path / "logs" / "a.log", tmp_path / "link" / "a.log")


def test_folders_no_longer_wanted_are_let_go(tmp_path, watching):
    """Whether they are there or not."""
    (tmp_path / "deep").mkdir()
    append(tmp_path / "a.log")
    watcher = watching(tmp_path / "**" / "*.log")
    watcher.waker.watch({})
    append(tmp_path / "a.log")
    (tmp_path / "deep").rmdir()
    assert watcher.changes(0.1) == NOTHING
    watcher.look()
    append(tmp_path / "a.log")
    assert watcher.changes() == written(tmp_path / "a.log")


def test_names_that_are_no_utf8_are_told_as_paths(tmp_path, watching):
    """As the file system has them."""
    path = tmp_path / "\udcff.log"
    append(path)
    watcher = watching(tmp_path / "*.log")
    append(path)
    assert watcher.changes() == written(path)


def test_a_wait_ends_when_woken_and_when_a_stream_can_be_read(tmp_path, watching):
    """Whatever happens in the file system."""
    watcher = watching(tmp_path / "*.log", gather=30.0)
    watcher.waker.wake()
    assert watcher.changes() == NOTHING
    timer = threading.Timer(0.1, watcher.waker.wake)
    timer.start()
    append(tmp_path / "a.log")
    assert watcher.changes().names, "woken while it gathers"
    timer.join()
    reading, writing = os.pipe()
    assert watcher.changes(0.05, [reading]) == NOTHING
    os.write(writing, b"x")
    assert watcher.changes(0.1, [reading]) == NOTHING
    os.close(reading)
    os.close(writing)


def test_when_too_much_happens_everything_may_have_changed(tmp_path, watching, caplog):
    """It is told the first, second, fourth, ... time."""
    watcher = watching(tmp_path / "*.log")

    class Overflowing(INotify):
        def read(self, timeout=None, read_delay=None):
            return [Event(-1, flags.Q_OVERFLOW, 0, "")]

    watcher.waker._inotify.close()
    watcher.waker._inotify = Overflowing()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert watcher.changes(0.0) == Changes(everything=True, names=True)
    assert watcher.waker.overflows == 5
    assert len(caplog.records) == 3


def test_a_real_overflow(tmp_path, watching):
    """More events than the system remembers."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    append(tmp_path / "a.log")
    append(tmp_path / "b.log")
    watcher = watching(tmp_path / "*.log")
    with (tmp_path / "a.log").open("wb", 0) as one, (tmp_path / "b.log").open("wb", 0) as other:
        for _ in range(most // 2 + 10):
            one.write(b"x")
            other.write(b"x")
    assert watcher.changes().everything
    append(tmp_path / "a.log")
    assert watcher.changes() == written(tmp_path / "a.log")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.ENOMEM])
def test_polls_for_good_where_no_watch_is_left(tmp_path, watching, caplog, monkeypatch, number):
    """Told once, and reading late is better than not reading."""
    (tmp_path / "deep").mkdir()

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(INotify, "add_watch", refuse)
    with caplog.at_level(logging.WARNING):
        watcher = watching(tmp_path / "**" / "*.log")
        watcher.waker.watch(discover(watcher.patterns).folders)
    assert len(caplog.records) == 1
    assert "max_user_watches" in caplog.text
    monkeypatch.undo()
    watcher.waker.watch(discover(watcher.patterns).folders)
    started = time.monotonic()
    assert watcher.changes() == Changes(everything=True)
    assert POLL_SECONDS <= time.monotonic() - started < 10


def test_polls_while_a_folder_may_not_be_watched(tmp_path, watching, caplog, monkeypatch):
    """A file in it may be readable all the same. Told once; other folders are watched."""
    for name in ("open", "locked"):
        (tmp_path / name).mkdir()
        append(tmp_path / name / "a.log")
    add_watch = INotify.add_watch

    def refuse(self, path, mask):
        if path.endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return add_watch(self, path, mask)

    monkeypatch.setattr(INotify, "add_watch", refuse)
    with caplog.at_level(logging.WARNING):
        watcher = watching(tmp_path / "open" / "a.log", tmp_path / "locked" / "a.log")
        watcher.look()
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/locked can't be watched: Permission denied; looking every 0.25 s as well"
    ]
    assert watcher.changes() == Changes(everything=True)
    append(tmp_path / "open" / "a.log")
    assert watcher.changes().paths == {str(tmp_path / "open" / "a.log")}
    monkeypatch.undo()
    watcher.look()
    assert not watcher.waker.polls
    assert watcher.changes(0.05) == NOTHING


def test_polls_as_well_where_other_machines_may_write(tmp_path, watching, caplog):
    """The file system is asked for once a device."""
    (tmp_path / "deep").mkdir()
    with caplog.at_level(logging.WARNING):
        watcher = watching(tmp_path / "**" / "*.log", file_system="nfs4")
        watcher.look()
    assert watcher.asked == 1
    assert "nfs4 does not report what other machines change" in caplog.text
    assert len(caplog.records) == 2
    assert watcher.changes() == Changes(everything=True)
    watcher.waker.watch({})
    assert not watcher.waker.polls


names = st.sampled_from(["a.log", "b.log", "x/a.log", "x/y/c.log", "z/c.log", "a.txt"])
steps = st.lists(
    st.tuples(st.sampled_from(["write", "remove", "move", "look"]), names, names), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_whatever_happens_is_told(tmp_path_factory, steps):
    """What a look would find otherwise asks for one; a followed file that grew is named."""
    folder = tmp_path_factory.mktemp("any")
    watcher = Watching(folder / "**" / "*.log", gather=0.0)

    def seen() -> dict:
        found = discover(watcher.patterns)
        return {key: (one.path, one.size) for key, one in found.files.items()}

    try:
        before = seen()
        for action, name, other in steps:
            path = folder / name
            if action == "write":
                path.parent.mkdir(parents=True, exist_ok=True)
                append(path)
            elif action == "remove":
                path.unlink(missing_ok=True)
            elif action == "move" and path.exists():
                (folder / other).parent.mkdir(parents=True, exist_ok=True)
                path.rename(folder / other)
            changes, now = watcher.waker.wait(0.0), seen()
            paths = {key: path for key, (path, _) in now.items()}
            if paths != {key: path for key, (path, _) in before.items()}:
                assert changes.names
            grown = {
                path for key, (path, size) in now.items() if before.get(key, (0, size))[1] < size
            }
            assert changes.names or grown <= changes.paths
            if changes.names or action == "look":
                watcher.look()
            before = now
    finally:
        watcher.waker.close()
