from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.monitors.server import ServerProcesses
from exporter.servers.sampling import REASONS, Process, Sample, Use
from tests.monitors.builders import series, through_storage

MASTER = Process(10, 1, 100.0, 5100.0, Use(2.0, 10, 20), 1000, 1, 8, 0.25)
WORKER = Process(11, 10, 101.0, 5101.0, Use(1.0, 5, 0), 3000, 4, 9, 0.5)


def process(like, cpu, read=0, written=0, **changes):
    """Return a process that has used something else."""
    fields = {name: getattr(like, name) for name in like.__slots__}
    return Process(**{**fields, "use": Use(cpu, read, written), **changes})


def look(*processes, time=6000.0, listed=None):
    """Return a look that found processes, and searched for new ones."""
    return Sample("bot", time, processes, time if listed is None else listed)


def failed(reason, time=6000.0):
    """Return a look that failed."""
    return Sample("bot", time, reason=reason)


def monitor(*samples):
    """Return a monitor that was told of looks."""
    made = ServerProcesses(["bot"])
    made.update(samples)
    return made


def shown(made):
    """Return the series, those of errors left out."""
    return {
        name.removeprefix("model_server_"): value
        for name, value in series(made).items()
        if "errors" not in name
    }


def cpu(*samples):
    """Return the counter after some looks."""
    return shown(monitor(*samples))["cpu_seconds_total"]


def errors(made):
    """Return the reasons that were counted."""
    found = series(made)
    counts = {one: found[f"model_server_sample_errors_total{{reason={one}}}"] for one in REASONS}
    return {reason: count for reason, count in counts.items() if count}


def test_before_the_first_look():
    """Counters of events at 0; a CPU time of 0 would make a rate of all that was used before."""
    assert shown(monitor()) == {"restarts_total": 0}
    assert errors(monitor()) == {}


def test_the_figures_of_a_tree():
    """Sums over its processes; the limit is that of each, so the worst one counts."""
    assert shown(monitor(look(MASTER, WORKER))) == {
        "up": 1,
        "last_sample_timestamp_seconds": 6000.0,
        "processes": 2,
        "start_time_seconds": 5100.0,
        "resident_memory_bytes": 4000,
        "threads": 5,
        "open_fds": 17,
        "worst_fd_ratio": 0.5,
        "cpu_seconds_total": 3.0,
        "read_bytes_total": 15,
        "write_bytes_total": 20,
        "restarts_total": 0,
    }


def test_what_may_not_be_read_of_one_is_absent_for_all():
    """A sum of the others would mislead."""
    hidden = Process(
        11, 10, 101.0, 5101.0, Use(1.0), resident=3000, threads=4, fds=None, denied=True
    )
    made = monitor(look(MASTER, hidden))
    absent = {"open_fds", "worst_fd_ratio", "read_bytes_total", "write_bytes_total"}
    assert not absent & shown(made).keys()
    assert shown(made)["cpu_seconds_total"] == 3.0
    assert errors(made) == {"permission_denied": 1}


def test_a_failed_look_leaves_the_counters():
    """Of the gauges only those that tell so are left."""
    made = monitor(look(MASTER, WORKER), failed("not_running", time=6005.0))
    assert shown(made) == {
        "up": 0,
        "last_sample_timestamp_seconds": 6005.0,
        "cpu_seconds_total": 3.0,
        "read_bytes_total": 15,
        "write_bytes_total": 20,
        "restarts_total": 0,
    }
    assert errors(made) == {"not_running": 1}


def test_a_worker_that_ends_counts_once():
    """Its parent has its use from then on, of which a part was seen already."""
    before = look(process(MASTER, 2.0, 10), process(WORKER, 3.0, 5))
    after = look(process(MASTER, 2.5 + 4.0, 11 + 9))
    assert cpu(before, after) == 6.5
    assert shown(monitor(before, after))["read_bytes_total"] == 20


def test_a_worker_that_nobody_saw_counts():
    """It began and ended between two looks, and its parent tells."""
    assert cpu(look(process(MASTER, 2.0)), look(process(MASTER, 2.0 + 1.5))) == 3.5


def test_a_worker_whose_use_is_lost_takes_nothing_away():
    """A parent that ignores its children gets nothing from them."""
    before = look(process(MASTER, 2.0), process(WORKER, 3.0))
    assert cpu(before, look(process(MASTER, 2.5))) == 5.0


def test_a_zombie_is_no_process_but_keeps_its_use():
    """Until its parent takes it over."""
    zombie = process(WORKER, 3.0, zombie=True, resident=0, threads=0)
    looks = [look(process(MASTER, 2.0), process(WORKER, 2.5)), look(process(MASTER, 2.0), zombie)]
    assert cpu(*looks) == 5.0
    assert shown(monitor(*looks))["processes"] == 1
    assert cpu(*looks, look(process(MASTER, 2.0 + 3.0))) == 5.0


def test_workers_below_a_worker_that_ended():
    """What they used went to it and with it to the master."""
    below = process(WORKER, 1.0, pid=12, parent=11)
    before = look(process(MASTER, 0.0), process(WORKER, 2.0), below)
    assert cpu(before, look(process(MASTER, 2.0 + 1.25))) == 3.25


def test_a_restart_adds_up():
    """Whether the server was seen to be down or not; all of what the new one used is new."""
    new = Process(20, 1, 1000.0, 6002.0, Use(0.5, 1, 1))
    for between in ([], [failed("not_running")]):
        made = monitor(look(MASTER, WORKER), *between, look(new, time=6010.0))
        assert shown(made)["cpu_seconds_total"] == 3.5
        assert shown(made)["restarts_total"] == 1


def test_a_number_used_again_is_another_process():
    """In a container the main process has the same number each time."""
    for used in (0.5, 2.5):
        again = Process(10, 1, 1000.0, 6002.0, Use(used, 1, 1))
        made = monitor(look(MASTER), look(again, time=6010.0))
        assert shown(made)["cpu_seconds_total"] == 2.0 + used
        assert shown(made)["restarts_total"] == 1


def test_the_same_after_a_boot():
    """The same number and time since the boot, but less use: it is another process."""
    again = process(MASTER, 0.5, created=9100.0)
    made = monitor(look(MASTER), look(again, time=9200.0))
    assert (shown(made)["cpu_seconds_total"], shown(made)["restarts_total"]) == (2.5, 1)


def test_new_workers_are_no_restart():
    """Nor are more of them; their use is new."""
    worker = Process(12, 10, 1000.0, 6002.0, Use(0.5, 0, 0))
    made = monitor(look(MASTER, WORKER), look(MASTER, worker, time=6010.0))
    assert shown(made)["restarts_total"] == 0
    assert shown(made)["cpu_seconds_total"] == 3.5


def test_an_old_process_that_joins_counts_from_now_on():
    """Its hours of use before would be a peak of the rate."""
    old = Process(30, 1, 50.0, 5050.0, Use(9999.0, 9999, 0))
    older = process(old, 10_000.0, 10_009)
    looks = [look(MASTER), look(MASTER, old, time=6010.0), look(MASTER, older, time=6020.0)]
    assert cpu(*looks[:2]) == 2.0
    assert cpu(*looks) == 3.0
    assert shown(monitor(*looks))["read_bytes_total"] == 20


def test_a_worker_that_was_not_searched_for_yet_is_new():
    """Two looks went by without a search since it began."""
    worker = Process(12, 10, 901.0, 5901.0, Use(0.5, 0, 0))
    looks = [look(MASTER, time=5900.0), look(MASTER, time=5905.0, listed=5900.0)]
    assert cpu(*looks, look(MASTER, worker, time=5915.0)) == 2.5


def test_each_of_several_main_processes_can_be_replaced():
    """One at a time, with looks between."""
    one, two = (Process(pid, 1, 100.0, 5100.0, Use(1.0)) for pid in (10, 11))
    three = Process(12, 1, 1010.0, 6010.0, Use(0.0))
    made = monitor(look(one, two), look(one, time=6005.0), look(one, three, time=6015.0))
    assert shown(made)["restarts_total"] == 1


def test_more_main_processes_are_no_restart():
    """Nobody ended."""
    three = Process(12, 1, 1010.0, 6010.0, Use(0.0))
    assert shown(monitor(look(MASTER), look(MASTER, three)))["restarts_total"] == 0


def test_what_is_hidden_for_a_while_counts_later():
    """The bytes that were counted last are remembered."""
    hidden = Process(10, 1, 100.0, 5100.0, Use(2.0), fds=None, denied=True)
    looks = [look(process(MASTER, 2.0, 10)), look(hidden), look(process(MASTER, 2.0, 14))]
    assert "read_bytes_total" not in shown(monitor(*looks[:2]))
    assert shown(monitor(*looks))["read_bytes_total"] == 14


def test_bytes_that_may_be_read_only_later_count_from_then_on():
    """What came before is not known to be new."""
    hidden = Process(10, 1, 100.0, 5100.0, Use(2.0), fds=None, denied=True)
    looks = [look(hidden), look(process(MASTER, 2.0, 500)), look(process(MASTER, 2.0, 503))]
    assert shown(monitor(*looks))["read_bytes_total"] == 3


def test_a_restart_of_the_exporter_neither_loses_nor_doubles():
    """What the server used meanwhile counts, also where it was restarted meanwhile."""
    before = monitor(look(MASTER, WORKER), failed("timeout"))
    after = through_storage(before, monitor())
    assert shown(after) == {
        "cpu_seconds_total": 3.0,
        "read_bytes_total": 15,
        "write_bytes_total": 20,
        "restarts_total": 0,
    }
    assert errors(after) == {"timeout": 1}
    # The start of the system is known to the second: the difference to it may have changed.
    after.update([look(process(MASTER, 4.0, 10, 20, started=100.9), process(WORKER, 1.0, 5))])
    assert (shown(after)["cpu_seconds_total"], shown(after)["restarts_total"]) == (5.0, 0)
    after = through_storage(after, monitor())
    after.update([look(Process(20, 1, 2000.0, 7000.0, Use(0.5, 1, 1)), time=7001.0)])
    assert (shown(after)["cpu_seconds_total"], shown(after)["restarts_total"]) == (5.5, 1)


def test_looks_at_another_server_are_ignored():
    """One that the configuration dropped, in what comes and in what was stored."""
    made = monitor(Sample("gone", 1.0, (MASTER,), 1.0))
    assert made.snapshot() == monitor().snapshot()
    stored = ServerProcesses(["gone", "bot"])
    assert through_storage(stored, monitor()).snapshot() == monitor().snapshot()


class Kernel:
    """A system whose processes fork, work and end, and that adds up as Linux does."""

    def __init__(self):
        self.time = 6000.0
        self.used = 0
        self.next = 11
        self.parents = {10: 1}
        self.starts = {10: 5000.0}
        self.uses = {10: 0}

    def work(self, pid, ticks):
        self.uses[pid] += ticks
        self.used += ticks

    def fork(self, pid):
        self.parents[self.next] = pid
        self.starts[self.next] = self.time
        self.uses[self.next] = 0
        self.next += 1

    def end(self, pid):
        # Those without children: who ends before its children leaves them to another process.
        if pid != 10 and pid not in self.parents.values():
            self.uses[self.parents.pop(pid)] += self.uses.pop(pid)

    def sample(self):
        return look(
            *(
                Process(pid, parent, self.starts[pid] - 5000, self.starts[pid], Use(self.uses[pid]))
                for pid, parent in self.parents.items()
            ),
            time=self.time,
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["work", "work", "fork", "end", "look", "restart"]),
        st.integers(0, 50),
        st.integers(1, 9),
    ),
    max_size=60,
)


@given(STEPS)
def test_every_second_counts_once_whoever_used_it(steps):
    """Of all processes, however they come and go, and however often the exporter restarts."""
    kernel, made = Kernel(), monitor()
    counted = 0.0
    made.update([kernel.sample()])
    for action, number, ticks in [*steps, ("look", 0, 0)]:
        kernel.time += 1.0
        pid = list(kernel.parents)[number % len(kernel.parents)]
        if action == "work":
            kernel.work(pid, ticks)
        elif action in ("fork", "end"):
            getattr(kernel, action)(pid)
        elif action == "restart":
            made = through_storage(made, monitor())
        else:
            made.update([kernel.sample()])
            now = shown(made)["cpu_seconds_total"]
            assert now >= counted
            counted = now
            assert now == pytest.approx(kernel.used, abs=1e-9)
    assert shown(made)["restarts_total"] == 0
