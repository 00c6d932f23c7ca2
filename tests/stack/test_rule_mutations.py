"""Every fault that is planted into an alert is found by the rule tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from tests.stack.mutations import Mutant, mutants
from tests.stack.rules import RULE_FILES, TEST_FILES, alert_names

MUTANTS = os.environ.get("MODELTAIL_MUTANTS", "24")
"""How many of them, at random, or "all"."""
SEED = int(os.environ.get("MODELTAIL_SEED", "20261123"))


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault and where it is.

    Attributes
    ----------
    file
        The rules.
    group, rule
        Positions in it.
    mutant
        The fault.
    """

    file: Path
    group: int
    rule: int
    mutant: Mutant

    def rules(self) -> dict[str, Any]:
        """Return the file with the fault."""
        document = yaml.safe_load(self.file.read_text())
        document["groups"][self.group]["rules"][self.rule]["expr"] = self.mutant.expression
        return document


def planted() -> list[tuple[str, Planted]]:
    """Return all of them, with a name each."""
    found = []
    for file in RULE_FILES:
        for group, content in enumerate(yaml.safe_load(file.read_text())["groups"]):
            for place, rule in enumerate(content["rules"]):
                for mutant in mutants(rule["expr"]) if "alert" in rule else ():
                    severity = rule["labels"].get("severity", "none")
                    name = f"{rule['alert']}-{severity}-{place}: {mutant.what}"
                    found.append((name, Planted(file, group, place, mutant)))
    return found


def chosen() -> list[Any]:
    """Return those that are tried."""
    everything = planted()
    if MUTANTS != "all":
        everything = Random(SEED).sample(everything, int(MUTANTS))
    return [pytest.param(fault, id=name) for name, fault in everything]


@cache
def files_that_test(file: str) -> list[Path]:
    """Return the test files that load a file of rules."""
    found = []
    for path in TEST_FILES:
        loaded = yaml.safe_load(path.read_text())["rule_files"]
        if file in {Path(name).name for name in loaded}:
            found.append(path)
    return found


@pytest.mark.parametrize("fault", chosen())
def test_a_fault_is_found(fault: Planted, tmp_path: Path) -> None:
    """A comparison the other way round, or a limit twice as high."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    for file in RULE_FILES:
        (tmp_path / "rules" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "rules" / fault.file.name).write_text(yaml.safe_dump(fault.rules()))
    results = []
    for path in files_that_test(fault.file.name):
        copy = tmp_path / "tests" / path.name
        copy.write_bytes(path.read_bytes())
        command = ["promtool", "test", "rules", str(copy)]
        results.append(subprocess.run(command, capture_output=True, check=False).returncode)
        if results[-1]:
            break
    assert any(results), fault.mutant.expression


def test_every_alert_has_faults_to_plant() -> None:
    """All but the one that always fires."""
    everywhere = {name.split("-")[0] for name, _ in planted()}
    assert sorted(everywhere | {"Watchdog"}) == alert_names()
