from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from exporter.servers import process_table
from exporter.servers.process_table import SystemProcesses
from exporter.servers.sampling import DeniedError, GoneError
from tests.commands.exporter_process import REPOSITORY, wait_until
from tests.faults.test_permissions_and_limits import unprivileged
from tests.servers.real import RealServer


@pytest.fixture
def server():
    """Return a real server of two workers."""
    made = RealServer("table-test")
    yield made
    made.close()


def test_a_listing_has_everybody_but_the_exporter(server):
    """With parents and command lines."""
    listing = SystemProcesses(commands=True).listing()
    assert os.getpid() not in listing
    assert listing[server.pid].parent == os.getpid()
    assert "table-test 2 0.05" in listing[server.pid].command
    workers = [pid for pid, listed in listing.items() if listed.parent == server.pid]
    assert sorted(workers) == server.workers()


def test_a_listing_without_command_lines(server):
    """If nobody asks for them, they are not read."""
    listing = SystemProcesses(commands=False).listing()
    assert listing[server.pid].command == ""
    assert listing[server.pid].parent == os.getpid()


def test_a_listing_learns_of_changes(server):
    """Of workers that end and that begin."""
    table = SystemProcesses(commands=True)
    before = server.workers()
    table.listing()
    server.kill_worker()
    listing = table.listing()
    assert before[0] not in listing
    assert set(server.workers()) <= set(listing)


def test_a_listing_learns_of_another_program():
    """A shell that becomes the server, as most that are started by a script."""
    table = SystemProcesses(commands=True)
    script = "echo; read line; exec sleep 60"
    with subprocess.Popen(
        ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        shell.stdout.readline()
        assert "read line" in table.listing()[shell.pid].command
        shell.stdin.write(b"\n")
        shell.stdin.flush()
        wait_until(lambda: psutil.Process(shell.pid).name() == "sleep")
        assert table.listing()[shell.pid].command == "sleep 60"
        shell.kill()


def test_orphans_get_another_parent():
    """Whoever the system gives them to."""
    table = SystemProcesses(commands=False)
    with subprocess.Popen(
        ["sh", "-c", "sleep 60 & echo $!; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        orphan = int(shell.stdout.readline())
        assert table.listing()[orphan].parent == shell.pid
        shell.kill()
        shell.wait()
        assert table.listing()[orphan].parent not in (shell.pid, 0)
        psutil.Process(orphan).kill()


def test_settled_command_lines_are_not_read_again(server, monkeypatch):
    """Which is most of what a listing costs; from time to time everything is."""
    table = SystemProcesses(commands=True)
    for _ in range(process_table._READS):
        table.listing()
    reads = []
    read = process_table._command

    def noted(process):
        reads.append(process.pid)
        return read(process)

    monkeypatch.setattr(process_table, "_command", noted)
    assert server.pid in table.listing()
    assert server.pid not in reads
    for _ in range(process_table._FORGET_LISTINGS):
        table.listing()
    assert reads.count(server.pid) == process_table._READS


def test_the_figures_of_a_process(server):
    """As psutil has them, and the use of children that it waited for."""
    table = SystemProcesses(commands=False)
    before = table.process(server.pid)
    assert before == table.process(server.pid)
    assert not before.denied
    assert (before.parent, before.threads, before.zombie) == (os.getpid(), 1, False)
    theirs = psutil.Process(server.pid)
    assert before.created == theirs.create_time()
    assert abs(time.time() - before.created) < 60
    assert before.resident == theirs.memory_info().rss
    assert before.fds == theirs.num_fds()
    assert before.fd_ratio == before.fds / theirs.rlimit(psutil.RLIMIT_NOFILE)[0]
    assert before.use.read == theirs.io_counters().read_bytes
    server.kill_worker()
    assert table.process(server.pid).use.cpu >= before.use.cpu + 0.03


def test_a_number_that_has_come_to_another_process(server):
    """Nothing that is remembered of the one before is told of it."""
    table = SystemProcesses(commands=False)
    expected = table.process(server.pid)
    before = psutil.Process(server.pid)
    before._ident = (server.pid, 1.0)
    before._create_time = 1.0
    table._sampled[server.pid] = (before, 1.0)
    assert table.process(server.pid) == expected


def test_one_that_ended():
    """While nobody has waited for it, it is listed with its CPU time; then nothing."""
    table = SystemProcesses(commands=True)
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not table.process(process.pid).zombie
        assert table.listing()[process.pid].command == "sleep 60"
        process.kill()
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        assert table.process(process.pid).zombie
        assert table.listing()[process.pid].command == ""
        assert SystemProcesses(commands=True).listing()[process.pid].parent == os.getpid()
    assert process.pid not in table.listing()
    with pytest.raises(GoneError):
        table.process(process.pid)


def test_somebody_elses_process(tmp_path):
    """Memory and CPU time are everybody's to know; files and bytes are not."""
    script = (
        "from exporter.servers.process_table import SystemProcesses\n"
        "seen = SystemProcesses(commands=True).process(1)\n"
        "assert seen.denied and seen.resident > 0 and seen.threads > 0\n"
        "assert seen.fds is seen.fd_ratio is seen.use.read is seen.use.written is None\n"
        "print('as expected')\n"
    )
    ran = subprocess.run(
        [*unprivileged(), sys.executable, "-c", script],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("as expected\n", "")


def test_a_process_that_proc_hides(monkeypatch):
    """Mounted with `hidepid=2`: there is nothing to see, but a signal would be refused."""

    def refuse(pid, number):
        assert number == 0
        raise PermissionError(1, "Operation not permitted")

    table = SystemProcesses(commands=False)
    gone = 2**22 + 1
    with pytest.raises(GoneError):
        table.process(gone)
    monkeypatch.setattr(process_table.os, "kill", refuse)
    with pytest.raises(DeniedError, match="hidden"):
        table.process(gone)


def test_a_listing_that_is_refused(monkeypatch):
    """Where not even the numbers of processes may be read."""

    def refuse():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(process_table.psutil, "pids", refuse)
    with pytest.raises(DeniedError):
        SystemProcesses(commands=False).listing()
