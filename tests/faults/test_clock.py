"""The clock jumps by a day, forward or back: counters stay exact, rolling figures recover."""

from __future__ import annotations

import pytest

from tests.faults.machine import Machine

DAY = 86_400.0
WINDOW = 300.0


@pytest.fixture(params=[True, False], ids=["timed", "untimed"])
def machine(tmp_path, request):
    """Return an exporter, for records with and without a time of their own."""
    machine = Machine(tmp_path, timed=request.param)
    yield machine
    machine.close()


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
@pytest.mark.parametrize("restarts", [False, True])
def test_the_clock_is_set_and_stays_so(machine, jump, restarts):
    """What was counted stays; a window later the rolling figures hold what is in the window."""
    machine.write(10)
    machine.run(5)
    assert machine.in_window() == 10
    machine.now += jump
    if restarts:
        machine.restart()
    machine.write(7)
    machine.run(WINDOW + 60, step=20)
    machine.write(3)
    machine.run(2)
    assert machine.in_window() == 3


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
@pytest.mark.parametrize("restarts", [False, True])
def test_the_clock_jumps_and_is_put_right(machine, jump, restarts):
    """As a machine does that starts with a wrong clock, before it knows the time."""
    machine.write(10)
    machine.run(5)
    machine.now += jump
    machine.write(7)
    machine.run(5)
    machine.now -= jump
    if restarts:
        machine.restart()
    machine.write(5)
    machine.run(WINDOW + 60, step=20)
    machine.write(3)
    machine.run(2)
    assert machine.in_window() == 3
