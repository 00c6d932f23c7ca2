from __future__ import annotations

import os
import sqlite3
from itertools import pairwise

import pytest
from prometheus_client.core import CounterMetricFamily

from exporter.event_time import EventTime
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.group import MonitorGroup, families
from exporter.monitors.isolation import Isolation
from exporter.parsing.json_lines import JsonLines
from exporter.pipeline import Pipeline
from exporter.source import Source
from exporter.storage.database import checksum
from exporter.storage.store import Store
from exporter.storage.worker import InBackground
from exporter.tailing.tail import Tail
from exporter.tailing.watching import Changes, PollingWaker
from exporter.windows import Window
from tests.storage.disks import small_disk
from tests.tailing.following import append

LINE = '{"prediction": "a"}\n'


class Counting:
    """Counts records."""

    name = "counting"

    def __init__(self, journal: list[str]) -> None:
        self._journal = journal
        self.records = 0

    def update(self, batch):
        self.records += len(batch)

    def snapshot(self):
        return self.records

    def families(self, snapshot, now):
        yield CounterMetricFamily("records", "Records.", value=snapshot)

    def dump(self):
        self._journal.append("dump")
        return {"records": self.records}

    def load(self, state):
        self.records = state["records"]


class Broken:
    """Fails wherever it is told to."""

    def __init__(self, fails: str) -> None:
        self.name = f"broken {fails}"
        self._fails = fails

    def _call(self, method: str) -> None:
        if method == self._fails:
            raise ZeroDivisionError(method)

    def update(self, batch):
        self._call("update")

    def snapshot(self):
        self._call("snapshot")
        return ()

    def families(self, snapshot, now):
        self._call("families")
        return ()

    def dump(self):
        self._call("dump")
        return {}

    def load(self, state):
        self._call("load")


class Rig:
    """A pipeline over one folder, with a clock that the test moves."""

    def __init__(self, folder, *broken: str, storage=True, **options) -> None:
        self.log = folder / "app.log"
        self.now = 1_700_000_000.0
        self.journal: list[str] = []
        self.snapshots: list = []
        self.isolation = Isolation()
        self.budget = SeriesBudget(100)
        self.store = Store(folder / "storage", "then") if storage else None
        if self.store is not None:
            self._watch(self.store)
        self.source = Source(
            "logs",
            Tail([str(folder / "app.log*")], "beginning", 5.0),
            JsonLines(),
            EventTime([Window("5m", 300.0)], replay=False),
            self._sink,
        )
        self.group = MonitorGroup(
            lambda: [Counting(self.journal), *map(Broken, broken)], self.isolation
        )
        self.pipeline = Pipeline(
            [self.source],
            {"group": self.group},
            self.isolation,
            self.budget,
            self.store,
            self.publish,
            lambda: self.now,
            **options,
        )

    def _sink(self, batch) -> None:
        self.group.update(batch)

    def _watch(self, store: Store) -> None:
        commit = store.commit

        def watched(staged):
            written = commit(staged)
            self.journal.append("commit")
            return written

        store.commit = watched

    def publish(self, snapshot) -> None:
        self.journal.append("publish")
        self.snapshots.append(snapshot)

    def turn(self) -> float:
        """Look, read, commit, publish; return the count that is shown."""
        self.now += 1
        self.pipeline.look()
        while self.pipeline.read():
            pass
        self.pipeline.checkpoint_and_publish()
        return self.shown()

    def shown(self) -> float:
        """Return the count of the last snapshot."""
        ((pairs, _),) = self.snapshots[-1].groups
        return {
            family.name: family.samples[0].value
            for family in families(pairs, self.now, self.isolation)
        }["records"]

    def killed(self) -> None:
        """End as `kill -9` does: nothing more is written."""
        self.source.tail.close()
        if self.store is not None:
            self.store.close()


@pytest.fixture
def rig(tmp_path):
    """Return a function that starts a pipeline; all are ended."""
    rigs = []

    def start(*args, **options) -> Rig:
        rigs.append(Rig(tmp_path, *args, **options))
        return rigs[-1]

    yield start
    rigs[-1].killed()


def test_what_is_shown_was_committed_before(rig):
    """Dump, commit, publish, in this order, each time."""
    running = rig()
    for count in (1, 2, 3):
        append(running.log, LINE)
        assert running.turn() == count
    assert running.journal == ["dump", "commit", "publish"] * 3


def test_nothing_is_written_when_nothing_happened(rig):
    """But a snapshot is published: its age says that the exporter lives."""
    running = rig()
    append(running.log, LINE)
    running.turn()
    written = running.snapshots[-1].checkpoint.written_bytes
    running.journal.clear()
    running.turn()
    running.turn()
    assert running.journal == ["publish", "publish"]
    assert running.snapshots[-1].checkpoint.written_bytes == written > 0
    assert running.snapshots[-1].timestamp == running.now
    assert running.snapshots[-1].checkpoint.timestamp == running.now


def test_a_restart_restores_all_counts_and_reads_on(rig):
    """What came while it was down is read once."""
    first = rig()
    append(first.log, LINE * 3 + "no json\n\n" + LINE[:5])
    assert first.turn() == 3
    shown = first.snapshots[-1].sources[0]
    first.pipeline.close()
    second = rig()
    second.pipeline.checkpoint_and_publish()
    restored = second.snapshots[-1].sources[0]
    assert second.shown() == 3
    for name in ("read", "parsed", "rejected", "skipped", "rotations", "truncations"):
        assert getattr(restored, name) == getattr(shown, name)
    append(second.log, LINE[5:] + LINE)
    assert second.turn() == 5


def test_what_was_read_after_the_last_commit_is_read_again(rig):
    """Into the restored state: no line is lost, none counts twice, over many kills."""
    total = 0
    running = rig()
    for _ in range(5):
        append(running.log, LINE * 3)
        total += 3
        assert running.turn() == total
        append(running.log, LINE * 2)
        total += 2
        running.pipeline.look()
        running.pipeline.read()
        running.killed()
        running = rig()
        assert running.turn() == total


@pytest.mark.parametrize("fails", ["update", "snapshot", "families"])
def test_a_monitor_that_fails_costs_its_part_and_a_counter(rig, fails):
    """The others are shown, and lines are counted as ever."""
    running = rig(fails)
    append(running.log, LINE * 2)
    assert running.turn() == 2
    running.turn()
    assert running.isolation.errors[f"broken {fails}"] > 0
    assert running.snapshots[-1].checkpoint.failures == 0


def test_a_monitor_that_can_not_be_stored_does_not_end_the_exporter(rig):
    """It goes on showing what it knows, and says that a checkpoint failed or a monitor did."""
    running = rig("dump")
    append(running.log, LINE * 2)
    assert running.turn() == 2
    failures = running.snapshots[-1].checkpoint.failures
    assert failures + running.isolation.errors["broken dump"] == 1
    append(running.log, LINE)
    assert running.turn() == 3


def test_a_state_that_can_not_be_encoded_does_not_end_the_exporter(rig):
    """A fault of a monitor, found when it is stored."""
    running = rig()
    running.group.dump = lambda: {"counting": object()}
    append(running.log, LINE)
    assert running.turn() == 1
    assert running.snapshots[-1].checkpoint.failures == 1


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk is full"), OSError(28, "full")])
def test_a_storage_that_fails_costs_durability_only(rig, error, caplog):
    """Figures are shown, failures counted, the error told once; all is written when it works."""
    running = rig()
    append(running.log, LINE)
    running.turn()
    stored_at = running.now
    commit = running.store.commit

    def fail(staged):
        raise error

    running.store.commit = fail
    for count in (2, 3, 4, 5):
        append(running.log, LINE)
        assert running.turn() == count
    # Tried again after 1 and then 2 seconds.
    stats = running.snapshots[-1].checkpoint
    assert (stats.failures, stats.timestamp) == (3, stored_at)
    assert caplog.text.count("the checkpoint can't be written") == 1
    running.store.commit = commit
    for _ in range(4):
        assert running.turn() == 5
    assert running.snapshots[-1].checkpoint.timestamp == running.now
    running.killed()
    assert rig().turn() == 5


@pytest.mark.parametrize("damage", ["source/logs", "monitors/group"])
def test_state_that_does_not_fit_never_makes_lines_count_twice(rig, damage, tmp_path):
    """What is counted was read from there on, once."""
    first = rig()
    append(first.log, LINE * 3)
    first.turn()
    first.killed()
    with sqlite3.connect(tmp_path / "storage" / "modeltail.db") as connection:
        connection.execute(
            "UPDATE state SET value = x'80', crc32 = ? WHERE part = ? AND path = ''",
            (checksum(damage, "", b"\x80"), damage),
        )
    connection.close()
    second = rig()
    append(second.log, LINE)
    counted = second.turn()
    if damage == "monitors/group":
        assert counted == 1
    else:
        assert counted == 4
        assert second.snapshots[-1].sources[0].read == 4
        assert second.snapshots[-1].checkpoint.failures == 1
    second.killed()
    assert rig().turn() == counted


def test_a_database_that_was_put_aside_is_a_failure(rig, tmp_path):
    """Counts restart at 0, which an alert tells."""
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "modeltail.db").write_bytes(b"garbage" * 1000)
    running = rig()
    append(running.log, LINE)
    assert running.turn() == 1
    assert running.snapshots[-1].checkpoint.failures == 1


def test_without_storage_everything_but_the_restart_works(rig):
    """Nothing is dumped."""
    running = rig(storage=False)
    append(running.log, LINE)
    assert running.turn() == 1
    assert running.journal == ["publish"]
    assert running.snapshots[-1].checkpoint.timestamp == 0.0


def test_too_much_memory_closes_the_budget_until_it_is_freed(rig):
    """No new series; the ones there are go on."""
    used = 50
    running = rig(memory_limit=100, resident_bytes=lambda: used)
    seen = []
    for used in (50, 101, 100):  # noqa: B007
        running.turn()
        seen.append(running.budget.closed)
    assert seen == [False, True, False]


def test_idle_series_expire_once_a_minute(rig):
    """Asked with the time at hand."""
    running = rig()
    asked: list[float] = []
    running.group.expire = asked.append
    for _ in range(130):
        running.turn()
    assert len(asked) == 2
    assert asked[1] - asked[0] == 60.0


def test_drain_reads_everything_once(rig):
    """Last lines without a line end included; progress adds up."""
    running = rig(storage=False)
    append(running.log, LINE * 7 + "x" * (3 << 20) + "\n" + LINE * 2 + LINE.strip())
    done: list[int] = []
    running.pipeline.drain(done.append)
    running.pipeline.checkpoint_and_publish()
    assert running.shown() == 10
    assert sum(done) in (10, 11)
    assert running.snapshots[-1].sources[0].read == 11


class Waking:
    """Moves the clock instead of waiting, and lets the test act in between."""

    def __init__(self, rig: Rig, steps, told=None) -> None:
        self._rig = rig
        self._steps = list(steps)
        self._told = told
        self.waits: list[float] = []
        self.folders: list = []
        self.streams: list = []

    @property
    def done(self) -> bool:
        return not self._steps

    def wait(self, seconds: float, streams=()) -> Changes:
        self.waits.append(seconds)
        self.streams.append(list(streams))
        self._rig.now += self._steps.pop(0)(seconds)
        if self._told is None:
            return Changes(frozenset({str(self._rig.log)}), everything=True)
        return self._told.get(len(self.waits), Changes())

    def watch(self, folders) -> None:
        self.folders.append(dict(folders))

    def close(self) -> None:
        """Nothing is open."""


def test_the_loop_publishes_once_a_second_and_commits_what_it_read_before_it_ends(rig):
    """It waits no longer than to the next due look or snapshot."""
    running = rig()

    def quiet(seconds):
        return seconds

    def write(seconds):
        append(running.log, LINE)
        return 0.3

    def jump_back(seconds):
        return -3600.0

    waker = Waking(running, [quiet, write, quiet, quiet, jump_back, write, write])
    running.pipeline.run(waker, lambda: waker.done)
    assert all(0 <= seconds <= 1.0 for seconds in waker.waits)
    assert waker.folders[0][str(running.log.parent)].matters(running.log.name)
    assert running.shown() == 2
    running.killed()
    assert rig().turn() == 3


def test_the_loop_looks_when_told_to_and_hands_on_what_was_written_to(rig):
    """A file that grew is no reason to look; a name that came is; ten quiet seconds are."""
    running = rig()
    tail = running.source.tail
    noticed: list[frozenset[str]] = []
    looked: list[float] = []
    tail.notice, look = noticed.append, tail.look

    def watch_look(now):
        looked.append(now - start)
        look(now)

    tail.look = watch_look
    start = running.now
    grown = Changes(frozenset({str(running.log)}))
    told = {2: grown, 5: Changes(names=True), 6: Changes(names=True), 20: Changes(everything=True)}
    waker = Waking(running, [lambda seconds: seconds] * 25, told)
    running.pipeline.run(waker, lambda: waker.done)
    assert looked == [0.0, 5.0, 6.0, 16.0, 20.0]
    assert {paths for paths in noticed if paths} == {grown.paths}
    assert len(noticed) == 25


def test_a_loop_that_has_more_to_read_does_not_wait(rig):
    """It takes in what happened meanwhile and goes on."""
    running = rig()
    append(running.log, LINE * 200_000)
    waker = Waking(running, [lambda seconds: seconds] * 10, {})
    running.pipeline.run(waker, lambda: waker.done)
    assert waker.waits[:3] == [0.0] * 3
    assert waker.waits[-1] == 1.0


def test_a_loop_that_has_caught_up_gathers_before_it_reads_on(rig):
    """Or it would never rest while others write, and read line by line."""
    running = rig()
    append(running.log, LINE * 10)
    waker = Waking(running, [lambda seconds: seconds] * 2, {})
    running.pipeline.run(waker, lambda: waker.done)
    assert waker.waits == pytest.approx([0.1, 0.9], abs=1e-6)


def test_streams_end_the_wait(rig, tmp_path):
    """The waker is told which are open; those that have ended are not."""
    running = rig()
    os.mkfifo(tmp_path / "app.fifo")
    running.source.tail = Tail([str(tmp_path / "app.fifo")], "beginning", 5.0)
    waker = Waking(running, [lambda seconds: seconds] * 2, {})
    running.pipeline.run(waker, lambda: waker.done)
    assert [len(streams) for streams in waker.streams] == [1, 1]
    running.source.tail.close()


def test_a_stopped_loop_still_commits_and_publishes(rig):
    """Once, even if it never turned."""
    running = rig()
    append(running.log, LINE)
    running.pipeline.run(Waking(running, []), lambda: True)
    assert running.journal[-1] == "publish"


def test_many_files_to_catch_up_with_delay_no_snapshot(tmp_path):
    """Each takes half a second to read: a snapshot comes after two of them, not after six."""
    for number in range(6):
        append(tmp_path / f"{number}.jsonl", f'{{"prediction": "{number}"}}\n')
    now, read, published = [1000.0], [], []

    def slow(batch):
        now[0] += 0.5
        read.append(len(batch))

    windows = EventTime([Window("5m", 300.0)], replay=False)
    tail = Tail([f"{tmp_path}/*.jsonl"], "beginning", 5.0)
    pipeline = Pipeline(
        [Source("logs", tail, JsonLines(), windows, slow)],
        {},
        Isolation(),
        SeriesBudget.unlimited(),
        None,
        lambda _: published.append(len(read)),
        lambda: now[0],
    )
    waker = PollingWaker()
    pipeline.run(waker, lambda: len(read) == 6)
    waker.close()
    assert published[:3] == [2, 4, 6]
    pipeline.close()


class ByHand:
    """A worker whose jobs end when the test says so."""

    def __init__(self) -> None:
        self.job = None

    def ready(self) -> bool:
        return self.job is None

    def run(self, job) -> None:
        assert self.job is None
        self.job = job

    def wait(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job()

    def close(self) -> None:
        self.wait()


def test_reading_goes_on_while_a_commit_is_under_way(rig):
    """The next snapshot waits for it, and is asked for again soon; nothing is counted twice."""
    worker = ByHand()
    running = rig(worker=worker)
    read: list[int] = []

    def write(seconds):
        append(running.log, LINE)
        return seconds

    def end(seconds):
        read.append(running.source.lines_read)
        worker.wait()
        return write(seconds)

    running.log.touch()
    told = dict.fromkeys(range(1, 7), Changes(paths=frozenset({str(running.log)})))
    waker = Waking(running, [write, write, write, write, end, write], told)
    running.pipeline.run(waker, lambda: waker.done)
    # The first commit is under way from the first turn to the fifth.
    assert read == [4]
    assert min(waker.waits) == pytest.approx(0.02)
    assert running.journal.count("commit") == running.journal.count("publish") - 1
    assert running.shown() == running.snapshots[-1].sources[0].read
    running.killed()
    assert rig().turn() == 6


def test_a_commit_that_raises_what_is_no_failure_of_storage_ends_the_loop(rig):
    """Also in a thread of its own: a process that stores nothing and says nothing is worse."""
    running = rig(worker=InBackground("commit"))
    running.store.commit = lambda staged: 1 / 0
    append(running.log, LINE)
    with pytest.raises(ZeroDivisionError):
        running.pipeline.run(Waking(running, [lambda seconds: seconds] * 1000), lambda: False)
    running.pipeline.close()


@pytest.mark.parametrize("interval", [0.1, 5.0])
def test_the_interval_between_snapshots_is_kept(rig, interval):
    """Idle or not."""
    running = rig(publish_interval=interval)
    waker = Waking(running, [lambda seconds: seconds + 0.001] * 40)
    running.pipeline.run(waker, lambda: waker.done)
    times = [snapshot.timestamp for snapshot in running.snapshots[:-1]]
    gaps = {round(after - before, 2) for before, after in pairwise(times)}
    assert gaps == {interval}


def test_an_idle_source_is_not_viewed_anew(rig):
    """Ten thousand files would be gone through for each snapshot; the lag is right all the same."""
    running = rig()
    append(running.log, LINE)
    running.turn()
    running.pipeline.checkpoint_and_publish()
    running.now += 1
    running.pipeline.read()
    running.pipeline.checkpoint_and_publish()
    first, second = (snapshot.sources[0] for snapshot in running.snapshots[-2:])
    assert second.files is first.files
    assert second.lag == 0
    append(running.log, LINE)
    assert running.turn() == 2
    assert running.snapshots[-1].sources[0].files != first.files


def test_of_a_copy_the_positions_are_used_and_lines_before_it_do_not_count_again(rig, tmp_path):
    """After it they count once, in counters that began at 0."""
    first = rig()
    append(first.log, LINE * 3)
    first.turn()
    append(first.log, LINE * 2)
    assert first.turn() == 5
    first.killed()
    (tmp_path / "storage" / "modeltail.db").write_bytes(b"garbage" * 1000)
    second = rig()
    append(second.log, LINE)
    assert second.turn() == 3
    shown = second.snapshots[-1].sources[0]
    assert (shown.read, shown.rotations, shown.truncations) == (3, 0, 0)
    assert second.snapshots[-1].checkpoint.failures == 1
    second.killed()
    third = rig()
    assert third.turn() == 3


def test_a_full_disk_costs_no_line(rig, tmp_path):
    """Figures are shown while it is full; afterwards all of them are stored."""
    with small_disk(tmp_path / "storage") as disk:
        running = rig()
        append(running.log, LINE)
        running.turn()
        disk.fill()
        for count in range(2, 40):
            append(running.log, LINE)
            assert running.turn() == count
        stats = running.snapshots[-1].checkpoint
        # After 1, 2, 4, 8 and 16 seconds.
        assert stats.failures == 6
        assert stats.timestamp < running.now - 30
        disk.free()
        for _ in range(60):
            running.turn()
        assert running.snapshots[-1].checkpoint.timestamp > running.now - 60
        append(running.log, LINE)
        running.turn()
        running.killed()
        again = rig()
        assert again.turn() == 40
        again.killed()
