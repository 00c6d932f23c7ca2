from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.docs.markdown import DOCS
from tests.stack.dashboards import DASHBOARDS, content, panels, variables
from tests.stack.rules import alert_names, alerts
from tests.stack.test_notification_links import linked_dashboards

BOARDS = {path.stem: content(path) for path in DASHBOARDS}
every_alert = pytest.mark.parametrize("alert", sorted(set(alert_names())))


def page(alert: str) -> str:
    """Return the runbook of an alert, with single blanks between its words."""
    return " ".join((DOCS / "runbooks" / f"{alert.lower()}.md").read_text("utf-8").split())


def diagnosis(alert: str) -> str:
    """Return what the runbook says between the headings Diagnosis and Mitigation."""
    return page(alert).partition("## Diagnosis ")[2].partition(" ## Mitigation")[0]


def places(uids: set[str]) -> Iterator[str]:
    """Yield the titles of all rows and panels of some dashboards."""
    for uid in uids:
        yield from (panel["title"] for panel in BOARDS[uid]["panels"] if panel.get("title"))
        yield from (panel["title"] for panel in panels(BOARDS[uid]) if panel.get("title"))


@every_alert
def test_a_runbook_has_queries_and_the_dashboard_of_its_alert(alert: str) -> None:
    """Who is woken finds what to ask, and the dashboard that the notification links to."""
    text = diagnosis(alert)
    assert text.count("```promql") >= 1
    uid = next(to for pattern, to in linked_dashboards() if re.search(pattern, alert))
    assert f"`/d/{uid}" in text


@every_alert
def test_links_to_dashboards_lead_somewhere(alert: str) -> None:
    """Each is called by its title, and knows the variable that is set."""
    linked = re.findall(r"Dashboard \*([^*]+)\* \(`/d/([\w-]+)(?:\?var-(\w+)=\w+)?`\)", page(alert))
    assert len(linked) == page(alert).count("`/d/") > 0
    for title, uid, variable in linked:
        assert BOARDS[uid]["title"] == title
        assert not variable or variable in variables(BOARDS[uid])


@every_alert
def test_rows_and_panels_that_a_runbook_names_exist(alert: str) -> None:
    """Up to what a title says of a variable: *Reference and now* is that of `$feature`."""
    text = page(alert)
    there = set(places(set(re.findall(r"`/d/([\w-]+)", text))))
    named = re.findall(r"(?:[Rr]ow|[Pp]anel) \*([^*]+)\*", text)
    for title in named:
        assert any(one == title or one.startswith(f"{title}:") for one in there), title


@every_alert
def test_alerts_that_a_runbook_names_exist(alert: str) -> None:
    """No page sends somebody to an alert that was renamed."""
    named = re.findall(r"\b(?:(?:Model|Modeltail|Syslog)[A-Z]\w+|Watchdog)", page(alert))
    assert named
    assert set(named) <= set(alert_names())


def test_every_severity_of_an_alert_has_the_same_runbook() -> None:
    """The pages above are all that notifications link to."""
    linked = {rule["annotations"]["runbook_url"].rpartition("/")[2] for rule in alerts()}
    assert linked == {f"{alert.lower()}.md" for alert in alert_names()}
