"""What a clock that jumps takes away, although nothing was idle and no time went by."""

from __future__ import annotations

import pytest

from tests.faults.machine import Machine

DAY = 86_400.0


@pytest.fixture(params=[True, False], ids=["timed", "untimed"])
def machine(tmp_path, request):
    """Return an exporter, for records with and without a time of their own."""
    machine = Machine(tmp_path, timed=request.param)
    yield machine
    machine.close()


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
def test_a_log_rotates_while_the_clock_jumps(machine, jump):
    """Its writer, which has not switched yet, loses nothing: no time has gone by."""
    machine.write(5)
    machine.run(2)
    old = machine.log.rename(machine.log.with_name("old"))
    machine.write(4)
    machine.run(1)
    machine.now += jump
    machine.write(1)
    machine.run(1)
    with old.open("a") as file:
        file.write('{"prediction": "a"}\n')
    machine.written += 1
    machine.run(1)


def test_the_clock_jumps_forward_before_the_next_line(machine):
    """Nothing was idle: all counters go on from where they were."""
    machine.write(10)
    machine.run(5)
    machine.now += DAY
    machine.run(2)
    machine.write(7)
    machine.run(2)
    assert machine.value("model_predictions_total") == 17
