from __future__ import annotations

from collections.abc import Callable

import pytest

from exporter.storage.checkpoint import COPY_SECONDS, Checkpoint
from exporter.storage.store import Store, UnavailableError
from exporter.storage.worker import InThisThread
from tests.storage.disks import read_only
from tests.storage.kept import Kept, opened, restored


class Owner:
    """A number that is stored, and rows of it."""

    def __init__(self) -> None:
        self.number = 0
        self.rows = Kept()
        self.changed = False
        self.dumps = 0

    def set(self, number: int) -> None:
        self.number = number
        self.rows.set(**{f"row {number % 3}": number})
        self.changed = True

    def dump(self):
        self.dumps += 1
        return {"number": self.number, "rows": self.rows}

    def load(self, state):
        number = state["number"] + 0
        self.number = number
        self.rows = Kept(**state["rows"])

    def load_positions(self, state):
        self.number = -state["number"]


class ByHand:
    """A worker whose jobs the test runs."""

    def __init__(self) -> None:
        self.job: Callable[[], None] | None = None
        self.closed = False

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
        self.closed = True


class Rig:
    """A source and a group with a checkpoint, whose clock the test moves."""

    def __init__(self, folder, worker=None) -> None:
        self.folder = folder
        self.now = 1_700_000_000.0
        self.source, self.group = Owner(), Owner()
        self.store = Store(folder, "then")
        self.shown: list = []
        self.worker = worker or InThisThread()
        self.checkpoint = Checkpoint(
            {"s": self.source}, {"g": self.group}, self.store, self.worker, lambda: self.now
        )

    def count(self, number: int) -> None:
        """Change both."""
        self.source.set(number)
        self.group.set(number)

    def turn(self, seconds: float = 1.0):
        """Commit; return how storing went."""
        self.now += seconds
        assert self.checkpoint.ready()
        self.checkpoint.commit(self.now, self.shown.append)
        return self.shown[-1]

    def end(self) -> dict:
        """Close and return the numbers that are stored."""
        self.checkpoint.close()
        with opened(self.folder) as database:
            states = restored(database.read())
        return {part: state["number"] for part, state in states.items()}


@pytest.fixture
def rig(tmp_path):
    """Return a function that starts a rig in one folder; the last one is closed."""
    rigs = []

    def start(**options) -> Rig:
        rigs.append(Rig(tmp_path / "storage", **options))
        return rigs[-1]

    yield start
    rigs[-1].checkpoint.close()


def test_only_what_changed_is_dumped(rig):
    """And nothing at all while nothing happens; the state on disk is that of now all the same."""
    running = rig()
    running.count(1)
    running.turn()
    running.group.set(2)
    written = running.turn().written_bytes
    assert (running.source.dumps - 1, running.group.dumps) == (1, 2)
    stats = running.turn()
    assert (stats.written_bytes, stats.timestamp) == (written, running.now)
    assert (running.source.dumps - 1, running.group.dumps) == (1, 2)
    assert running.end() == {"source/s": 1, "monitors/g": 2}


def test_a_restart_goes_on_and_writes_nothing_anew(rig):
    """What is restored is what is stored."""
    first = rig()
    first.count(5)
    first.turn()
    first.checkpoint.close()
    second = rig()
    assert (second.source.number, second.group.number) == (5, 5)
    assert second.turn().written_bytes == 0
    second.group.set(6)
    assert 0 < second.turn().written_bytes < 40
    assert second.end() == {"source/s": 5, "monitors/g": 6}


def test_what_changes_while_a_commit_is_under_way_belongs_to_the_next(rig):
    """One commit at a time; the snapshot is shown when its own is over."""
    running = rig(worker=ByHand())
    running.count(1)
    running.now += 1
    running.checkpoint.commit(running.now, running.shown.append)
    assert not running.checkpoint.ready()
    assert running.shown == []
    running.count(2)
    running.worker.wait()
    assert [stats.failures for stats in running.shown] == [0]
    assert restored(running.store._database.read())["source/s"]["number"] == 1
    assert running.checkpoint.ready()
    running.checkpoint.commit(running.now, running.shown.append)
    running.worker.wait()
    assert running.end() == {"source/s": 2, "monitors/g": 2}


def failing(store: Store, times: int) -> None:
    """Let so many commits fail."""
    commit = store.commit

    def fail(staged):
        nonlocal times
        times -= 1
        if times < 0:
            return commit(staged)
        raise UnavailableError("disk is full")

    store.commit = fail


def test_what_a_failed_commit_held_is_written_by_the_next_that_succeeds(rig):
    """Also what did not change since; tries come after 1, 2, 4 seconds and so on."""
    running = rig()
    running.count(1)
    running.turn()
    failing(running.store, times=7)
    running.count(2)
    running.group.set(3)
    tries = []
    for second in range(400):
        failures = running.turn().failures
        if failures > len(tries):
            tries.append(second)
        if running.shown[-1].timestamp == running.now:
            break
    assert tries == [0, 1, 3, 7, 15, 31, 63]
    assert second == 63 + 60
    assert len(running.shown) == second + 2
    assert running.end() == {"source/s": 2, "monitors/g": 3}


def test_a_failure_while_the_state_goes_on_loses_nothing(rig):
    """The commit that failed was of rows that changed no more."""
    running = rig(worker=ByHand())
    running.count(1)
    failing(running.store, times=1)
    running.checkpoint.commit(running.now, running.shown.append)
    running.count(2)
    running.worker.wait()
    running.checkpoint.finish(running.now, running.shown.append)
    assert [stats.failures for stats in running.shown] == [1, 1]
    assert running.end() == {"source/s": 2, "monitors/g": 2}
    again = rig()
    assert again.group.rows.values == {"row 1": 1, "row 2": 2}


def test_a_state_that_can_not_be_encoded_is_a_failure(rig, caplog):
    """Told with its traceback, once."""
    running = rig()
    running.group.rows.set(bad=object())
    running.count(1)
    assert running.turn().failures == 1
    running.turn()
    assert running.turn().failures == 2
    assert caplog.text.count("Traceback") == 1
    running.group.rows.drop("bad")
    running.turn(60)
    assert running.end() == {"source/s": 1, "monitors/g": 1}


def test_an_error_that_is_none_of_storage_is_raised(rig):
    """It ends the process, like one of ingestion."""
    running = rig()
    running.store.commit = lambda staged: 1 / 0
    running.count(1)
    with pytest.raises(ZeroDivisionError):
        running.turn()


def test_the_end_waits_for_the_last_commit(rig):
    """What changed while another was under way is stored, and shown."""
    running = rig(worker=ByHand())
    running.count(1)
    running.checkpoint.commit(running.now, running.shown.append)
    running.count(2)
    running.checkpoint.finish(running.now + 1, running.shown.append)
    assert [stats.timestamp for stats in running.shown] == [running.now, running.now + 1]
    assert running.end() == {"source/s": 2, "monitors/g": 2}
    assert running.worker.closed


def test_state_that_does_not_fit_a_source_starts_all_at_0(rig):
    """Its lines are read again: no count may hold them already."""
    first = rig()
    first.count(5)
    first.turn()
    first.source.dump = lambda: {"no number": 1}
    first.count(6)
    first.turn()
    first.checkpoint.close()
    second = rig()
    assert (second.source.number, second.group.number) == (0, 0)
    assert second.turn().failures == 1
    second.count(1)
    second.turn()
    assert second.end() == {"source/s": 1, "monitors/g": 1}


def test_state_that_does_not_fit_a_group_starts_it_at_0(rig):
    """The others go on."""
    first = rig()
    first.count(5)
    first.group.dump = lambda: [1]
    first.turn()
    first.checkpoint.close()
    second = rig()
    assert (second.source.number, second.group.number) == (5, 0)
    assert second.end() == {"source/s": 5, "monitors/g": 0}


def test_a_copy_is_made_each_hour_after_what_is_shown(rig):
    """Also by the next process; the clock is the one that was passed in."""
    first = rig()
    first.count(1)
    assert first.turn().copied_at == 0
    copied = first.turn().copied_at
    assert copied == first.now - 1 == first.store.copied_at()
    first.checkpoint.close()
    second = rig()
    second.now = copied
    second.count(2)
    assert second.turn(COPY_SECONDS - 1).copied_at == copied
    second.count(3)
    second.turn(1)
    assert second.turn(1).copied_at == copied + COPY_SECONDS


def test_a_copy_that_fails_is_tried_in_an_hour(rig):
    """It may be a lack of space, and commits go on."""
    running = rig()

    def fail(now):
        raise UnavailableError("no space")

    running.store.copy = fail
    running.count(1)
    running.turn()
    assert running.turn().failures == 1
    assert running.turn(COPY_SECONDS - 10).failures == 1
    running.turn(COPY_SECONDS)
    assert running.turn().failures == 2
    assert running.shown[-1].copied_at == 0
    assert running.shown[-1].timestamp == running.now


def test_of_an_older_copy_only_positions_are_taken(rig, tmp_path):
    """Counts start at 0, a reset that Prometheus understands."""
    first = rig()
    first.count(5)
    first.turn()
    first.count(6)
    first.turn()
    first.checkpoint.close()
    (tmp_path / "storage" / "modeltail.db").write_bytes(b"garbage" * 1000)
    second = rig()
    assert (second.source.number, second.group.number) == (-5, 0)
    assert second.turn().failures == 1
    second.count(1)
    second.turn()
    assert second.end() == {"source/s": 1, "monitors/g": 1}


def test_without_storage_it_goes_on_and_tries_each_minute(rig, tmp_path, caplog):
    """And writes everything when it can, changed since or not."""
    first = rig()
    first.count(5)
    first.turn()
    first.checkpoint.close()
    folder = tmp_path / "storage"
    with read_only(folder):
        second = rig()
        assert (second.source.number, second.group.number) == (5, 5)
        second.source.set(6)
        failures = [second.turn().failures for _ in range(130)]
        assert failures == [1] * 59 + [2] * 60 + [3] * 11
    assert caplog.text.count("nothing is stored until it can") == 1
    assert "the checkpoint can't be written" not in caplog.text
    for _ in range(60):
        second.turn()
    assert second.shown[-1].timestamp == second.now
    assert second.end() == {"source/s": 6, "monitors/g": 5}


def test_the_end_tries_once_more_without_storage(rig, tmp_path):
    """What was mended just before is used."""
    (tmp_path / "storage").mkdir()
    with read_only(tmp_path / "storage"):
        running = rig()
        running.count(1)
        running.turn()
    running.checkpoint.finish(running.now, running.shown.append)
    assert running.end() == {"source/s": 1, "monitors/g": 1}


def test_a_database_that_is_removed_while_running_is_written_again(rig, tmp_path):
    """In full, at the second try."""
    running = rig()
    running.count(1)
    running.turn()
    for path in (tmp_path / "storage").glob("modeltail.db*"):
        path.unlink()
    running.group.set(2)
    assert running.turn().failures == 1
    running.turn()
    assert running.turn().timestamp == running.now
    assert running.end() == {"source/s": 1, "monitors/g": 2}
