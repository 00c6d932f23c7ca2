"""The bundled recordings hold what the demo needs: an incident that the paper's model sees."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

from demo.replay import read_recording

DATA = Path(__file__).parents[2] / "demo" / "data"


def states(name):
    """Return the paper's states: tag and text without process id and numbers."""
    return [
        re.sub(r"\d", "", re.sub(r"\[\d+\]", "", message.text.partition(" ")[2]))
        for message in read_recording(DATA / f"syslog.{name}.log")
    ]


def unseen_share(part, known):
    """Return the share of transitions that training has not seen."""
    pairs = list(pairwise(part))
    return sum(pair not in known for pair in pairs) / len(pairs)


def test_the_incident_and_only_the_incident_is_unlike_normal_days():
    """Before and after it, nearly all transitions are known; in it, most are not."""
    train, live = states("train"), states("live")
    known = set(pairwise(train))
    lines = json.loads((DATA / "syslog.live.json").read_text(encoding="utf-8"))
    first, last = lines["incident_first_line"], lines["incident_last_line"]
    assert unseen_share(live[:first], known) < 0.1
    assert unseen_share(live[first : last + 1], known) > 0.5
    assert unseen_share(live[last + 1 :], known) < 0.1


def test_the_incident_is_what_it_is_said_to_be():
    """Guessed passwords, a taken account, a full disk, and a service that can't come up."""
    lines = json.loads((DATA / "syslog.live.json").read_text(encoding="utf-8"))
    live = read_recording(DATA / "syslog.live.log")
    incident = "\n".join(
        message.text
        for message in live[lines["incident_first_line"] : lines["incident_last_line"] + 1]
    )
    for said in (
        "Failed password for invalid user",
        "Accepted password for backup",
        "new user: name=ghost",
        "No space left on device",
        "Can't recover from AOF write error",
        "'redis' trying to restart",
        "proxy cache has no server available!",
    ):
        assert said in incident
