from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.stack.mutations import Mutant, alerts_by_file, is_killed, mutants
from tests.stack.rules import PROMTOOL

# `make soak` takes this many mutants of every alert, thus all; without it there is one of each of a
# few alerts, others with another seed. Tests of objectives take days of samples, and most of a
# minute.
MUTANTS = int(os.environ.get("MODELTAIL_MUTANTS", "0"))
SEED = os.environ.get("MODELTAIL_SEED", "20261122")
ALERTS_OF_A_SAMPLE = 16
SLOW = {"slo.yml", "syslog.yml"}

# Mutants that no test can tell from the rule, with the reason.
EQUIVALENT = {
    ("Watchdog", "1 doubled"): "it fires whatever its value",
    ("Watchdog", "1 halved"): "it fires whatever its value",
    ("SyslogAnomalous", "for: 1m halved"): "its tests evaluate once a minute",
    ("ModelLabelsStale", "0 raised"): "no label is of the first second of 1970",
}


def chosen(rule: dict[str, Any]) -> list[Mutant]:
    """Return the mutants of a rule that this run looks at."""
    found = [one for one in mutants(rule) if (rule["alert"], one.change) not in EQUIVALENT]
    name = "".join(map(str, rule["labels"].values()))
    return Random(f"{SEED} {rule['alert']} {name}").sample(found, min(MUTANTS or 1, len(found)))


def looked_at() -> list[tuple[Path, dict[str, Any]]]:
    """Return the alerts that this run looks at, each with its file."""
    every = list(alerts_by_file())
    if MUTANTS:
        return every
    quick = [one for one in every if one[0].name not in SLOW and chosen(one[1])]
    return Random(SEED).sample(quick, ALERTS_OF_A_SAMPLE)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        pytest.param(*one, id="-".join([one[1]["alert"], *one[1]["labels"].values()]))
        for one in looked_at()
    ],
)
def test_a_rule_test_notices_each_change(path: Path, rule: dict[str, Any], tmp_path: Path) -> None:
    """The tests of an alert pass for the rule, and fail for every mutant of it."""
    (tmp_path / "shipped").mkdir()
    assert not is_killed(Mutant("nothing", rule), path, tmp_path / "shipped", PROMTOOL)
    survivors = []
    for number, mutant in enumerate(chosen(rule)):
        directory = tmp_path / str(number)
        directory.mkdir()
        if not is_killed(mutant, path, directory, PROMTOOL):
            survivors.append(mutant.change)
    assert survivors == []
