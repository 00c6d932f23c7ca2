from __future__ import annotations

import logging
import re

import pytest

from exporter.servers.sampler import TIMEOUT_SECONDS, Server
from exporter.servers.sampling import Process, Use
from tests.commands.exporter_process import wait_until
from tests.servers.table import BOOT, Looks, write_pid


def by_command(model="bot", command="app", every=5.0):
    """Return a server that is found by its command line."""
    return Server(model, None, re.compile(command), every)


def by_file(path, model="bot"):
    """Return a server that is found by its pid file."""
    return Server(model, path, None, 5.0)


@pytest.fixture
def pid(tmp_path):
    """Return the path of a pid file."""
    return tmp_path / "server.pid"


def test_the_tree_of_a_pid_file(pid):
    """The main process, its workers and theirs; nobody else."""
    looks = Looks(by_file(pid))
    for number, parent in ((10, 1), (11, 10), (12, 11), (20, 1)):
        looks.table.add(number, parent)
    write_pid(pid, 10)
    assert looks.look() == [10, 11, 12]


def test_all_that_match_a_command():
    """Independent ones, and their children whatever they are called; each once."""
    looks = Looks(by_command())
    looks.table.add(10, command="python app.py")
    looks.table.add(11, 10, command="python app.py")
    looks.table.add(12, 11, command="ffmpeg")
    looks.table.add(13, command="python app.py")
    looks.table.add(14, command="bash")
    assert looks.look() == [10, 11, 12, 13]


def test_new_workers_are_searched_for_seldom():
    """A look reads what is known; all processes are listed each 15 s."""
    looks = Looks(by_command())
    looks.table.add(10, command="app")
    assert looks.look() == [10]
    looks.table.add(11, 10)
    assert [looks.look(), looks.look(), looks.look()] == [[10], [10], [10, 11]]
    assert looks.table.listings == 2


def test_one_listing_serves_all_servers():
    """And none is looked at before it is due."""
    looks = Looks(by_command("a", "one"), by_command("b", "two", every=60.0))
    looks.table.add(10, command="one")
    looks.table.add(20, command="two")
    assert looks.look() == [[10], [20]]
    assert looks.look(after=15.0) == [10]
    assert looks.table.listings == 2
    assert looks.look(after=45.0) == [[10], [20]]
    assert looks.table.listings == 3
    assert looks.look(after=1.0) == []


def test_a_restart_is_seen_at_once():
    """What was known has gone: then it is searched for, but not again and again."""
    looks = Looks(by_command())
    looks.table.add(10, command="app")
    looks.look()
    looks.table.end(10)
    looks.table.add(20, command="app")
    assert looks.look() == [20]
    looks.table.end(20)
    assert [looks.look(), looks.look(), looks.look()] == ["not_running"] * 3
    assert looks.table.listings == 3
    looks.table.add(30, command="app")
    assert looks.look() == [30]


def test_a_pid_file_is_read_at_each_look(pid):
    """It may name another process at any time."""
    looks = Looks(by_file(pid))
    looks.table.add(10)
    looks.table.add(20)
    looks.table.add(21, 20)
    assert looks.look() == "pid_file_missing"
    write_pid(pid, 10)
    assert looks.look() == [10]
    pid.write_text("")
    assert looks.look() == "pid_file_invalid"
    write_pid(pid, 20)
    assert looks.look() == [20, 21]
    looks.table.end(20)
    listings = looks.table.listings
    assert [looks.look(), looks.look()] == ["not_running", "not_running"]
    assert looks.table.listings == listings


def test_the_same_number_again(pid):
    """As in a container; the workers of the one before are gone, the new ones soon found."""
    looks = Looks(by_file(pid))
    looks.table.add(7)
    looks.table.add(8, 7)
    write_pid(pid, 7)
    assert looks.look() == [7, 8]
    looks.table.end(7, 8)
    looks.table.add(7, started=200.0)
    looks.table.add(9, 7, started=200.0)
    assert looks.look() == [7]
    assert looks.look(after=10.0) == [7, 9]


def test_a_stale_pid_file(pid):
    """The number was another program's since before the boot, say; to the second it may differ."""
    looks = Looks(by_file(pid))
    looks.table.add(10, started=100.0)
    write_pid(pid, 10, age_from_boot=90.0)
    assert looks.look() == "pid_file_stale"
    write_pid(pid, 10, age_from_boot=99.0)
    assert looks.look() == [10]


def test_a_main_process_that_may_not_be_looked_at(pid):
    """It may run, but nobody knows; a worker that may not is left out."""
    looks = Looks(by_file(pid))
    looks.table.add(10)
    looks.table.add(11, 10)
    write_pid(pid, 10)
    looks.table.denied = {11}
    assert looks.look() == [10]
    looks.table.denied = {10}
    assert looks.look() == "permission_denied"


def test_zombies_do_not_run(pid):
    """Alone they are no server; beside others they are told of, for their CPU time."""
    looks = Looks(by_file(pid))
    looks.table.add(10)
    looks.table.add(11, 10, zombie=True)
    write_pid(pid, 10)
    assert looks.look() == [10, 11]
    looks.table.add(10, zombie=True)
    assert looks.look() == "not_running"


def test_samples_tell_when_new_ones_were_searched_for():
    """So that those that began since are known to be new."""
    looks = Looks(by_command())
    looks.table.add(10, command="app")
    for _ in range(2):
        looks.now += 5.0
        looks.sampler.look()
    first, second = looks.sampler.results()
    assert (first.time, first.listed) == (BOOT + 5, BOOT + 5)
    assert (second.time, second.listed) == (BOOT + 10, BOOT + 5)
    assert second.processes == (Process(10, 1, 100.0, BOOT + 100, Use(1.0)),)


def test_a_look_that_hangs_fails_all_and_holds_up_nobody():
    """Once; and when it goes on, what it found counts."""
    looks = Looks(by_command("a"), by_command("b"))
    looks.table.add(10, command="app")
    thread, release = looks.hanging()
    wait_until(lambda: looks.table.looks == 1)
    assert looks.results() == []
    looks.now += TIMEOUT_SECONDS
    assert looks.results() == ["timeout", "timeout"]
    assert looks.results() == []
    release.set()
    thread.join(10)
    assert looks.results() == [[10], [10]]


def test_a_look_that_nobody_foresees(monkeypatch, caplog):
    """Is a failure with a traceback, and the next one takes place."""
    looks = Looks(by_command())
    looks.table.add(10, command="app")

    def broken():
        raise RuntimeError("no btime in /proc/stat")

    with monkeypatch.context() as patch:
        patch.setattr(looks.table, "listing", broken)
        assert looks.look() == "unreadable"
    assert "no btime" in caplog.text
    assert looks.look() == [10]


def test_the_log_has_each_change_once(caplog):
    """Not each look."""
    caplog.set_level(logging.INFO)
    looks = Looks(by_command())
    for _ in range(3):
        looks.look()
    looks.table.add(10, command="app")
    looks.look()
    looks.look()
    assert [record.getMessage() for record in caplog.records] == [
        "server of bot: no process was found (not_running)",
        "server of bot: up again",
    ]


def test_figures_that_may_not_be_read_are_told_once(caplog):
    """With the reason that the counter has."""
    looks = Looks(by_command())
    looks.table.add(10, command="app", fds=None, denied=True)
    assert [looks.look(), looks.look()] == [[10], [10]]
    assert [record.getMessage() for record in caplog.records] == [
        "server of bot: some figures may not be read (permission_denied)"
    ]


def test_without_servers_nothing_is_read():
    """Nor is there a thread."""
    looks = Looks()
    looks.sampler.start()
    looks.sampler.once()
    assert looks.results() == []
    assert looks.made == 0


def test_the_thread_looks_until_it_is_stopped():
    """At once at first."""
    looks = Looks(by_command(every=0.001))
    looks.table.add(10, command="app")
    looks.sampler.start()
    wait_until(lambda: looks.table.looks > 0)
    looks.sampler.stop()
    assert looks.sampler.results()[0].processes[0].pid == 10
