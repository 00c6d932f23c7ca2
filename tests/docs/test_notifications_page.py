from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alerting import preflight
from tests.docs.markdown import DOCS, ROOT, blocks
from tests.stack.alertmanager_process import alertmanager, version
from tests.stack.payloads import GOLDEN
from tests.stack.receiver import Receiver
from tests.stack.test_alertmanager import about, alert, post

PAGE = DOCS / "notifications.md"
SHIPPED = ROOT / "alertmanager" / "alertmanager.yml"


def titled(title: str) -> str:
    """Return the one block of the page that has this title."""
    (block,) = [block for block in blocks(PAGE) if block.title == title]
    return block.text


def payload(name: str) -> Any:
    """Return what the newest Alertmanager that was captured posted."""
    folder = max(GOLDEN.iterdir(), key=lambda path: tuple(map(int, path.name.split("."))))
    return json.loads((folder / f"{name}.json").read_text())


def check(folder: Path, configuration: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Return what amtool says of a configuration with the shipped templates."""
    file = folder / "alertmanager.yml"
    configuration = configuration | {"templates": [str(SHIPPED.parent / "templates" / "*.tmpl")]}
    file.write_text(yaml.safe_dump(configuration))
    command = ["amtool", "check-config", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def quiet(configuration: dict[str, Any]) -> None:
    """Make the changes of the section about nights."""
    configuration |= yaml.safe_load(titled("added to alertmanager.yml"))
    configuration["route"]["routes"].insert(-1, yaml.safe_load(titled("added to the routes")))


def test_the_routing_tree_is_what_amtool_draws() -> None:
    """The picture and the command above it, word for word."""
    (block,) = [block for block in blocks(PAGE) if block.title.startswith("amtool config routes")]
    said = subprocess.run(
        block.title.split(), capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert said.strip() == block.text.strip()


def test_messages_are_those_that_were_captured() -> None:
    """Of Slack the title and text, of PagerDuty the payload."""
    (attachment,) = payload("slack.critical")["attachments"]
    assert titled("Slack") == f"{attachment['title']}\n{attachment['text']}\n"
    buttons = [action["text"] for action in attachment["actions"]]
    assert f"buttons *{buttons[0]}*, *{buttons[1]}* and *{buttons[2]}*" in PAGE.read_text()
    assert json.loads(titled("PagerDuty")) == payload("pagerduty.critical")["payload"]


@pytest.mark.parametrize("since", ["0.25", "0.26 and newer"])
def test_receivers_of_the_switch(tmp_path: Path, since: str) -> None:
    """Each is taken by the versions that the page names, and by no older one."""
    configuration = yaml.safe_load(SHIPPED.read_text())
    shown = yaml.safe_load(titled(f"receiver of Alertmanager {since}"))
    configuration["receivers"][-1] = shown
    assert configuration["route"]["routes"][0]["receiver"] == shown["name"]
    oldest = tuple(map(int, since.split(maxsplit=1)[0].split(".")))
    taken = tuple(map(int, version("amtool").split("."))) >= oldest
    result = check(tmp_path, configuration)
    assert (result.returncode == 0) is taken, result.stdout + result.stderr


def test_times_of_the_switch() -> None:
    """The page's minutes are those of the route."""
    watchdog = yaml.safe_load(SHIPPED.read_text())["route"]["routes"][0]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1m", "5m")
    assert "every 5 minutes" in PAGE.read_text()


def test_quiet_nights_are_valid(tmp_path: Path) -> None:
    """Amtool takes the change, and so does the preflight, but for secrets that are not there."""
    configuration = yaml.safe_load(SHIPPED.read_text())
    quiet(configuration)
    result = check(tmp_path, configuration)
    assert result.returncode == 0, result.stdout + result.stderr
    found = preflight.problems(tmp_path / "alertmanager.yml")
    assert len(found) == 2
    assert all("there is no such file" in line for line in found)


@pytest.mark.end_to_end
def test_quiet_nights_mute_warnings_only(tmp_path: Path) -> None:
    """With an interval that lasts all day, a critical alert arrives and a warning does not."""

    def always(configuration: dict[str, Any]) -> None:
        quiet(configuration)
        all_day = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
        configuration["time_intervals"][0]["time_intervals"] = all_day

    with (
        Receiver() as receiver,
        alertmanager(tmp_path / "muted", receiver.url, change=always) as url,
    ):
        post(url, alert("ModelConfidenceLow", "warning", instance="a:1", model="quiet"))
        post(url, alert("ModelAccuracyLow", "critical", instance="a:1", model="first"))
        receiver.wait("/slack", about("first"))
        # Groups wait for a second: when this one has, that of the warning has as well.
        post(url, alert("ModelAccuracyLow", "critical", instance="a:1", model="second"))
        receiver.wait("/slack", about("second"))
        assert "quiet" not in str(receiver.posts("/slack"))


@pytest.mark.end_to_end
def test_the_try_arrives(tmp_path: Path) -> None:
    """The command of the page pages, and shows in Slack."""
    with Receiver() as receiver, alertmanager(tmp_path / "try", receiver.url) as url:
        command = shlex.split(titled("a try").replace("http://127.0.0.1:9093", url))
        subprocess.run(command, check=True, capture_output=True)
        slack = receiver.wait("/slack", about("Only a try."))
        assert slack["attachments"][0]["title"] == "[FIRING 1] critical: ModelAccuracyLow try"
        assert receiver.wait("/pagerduty", about("Only a try."))["event_action"] == "trigger"
