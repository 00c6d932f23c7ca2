from __future__ import annotations

import re

import pytest

from tests.stack.dashboards import DASHBOARDS, content, variables
from tests.stack.rules import ROOT, alert_names


def linked_dashboards() -> list[tuple[str, str]]:
    """Return what the notification templates decide by: expressions and uids, in their order."""
    template = (ROOT / "alertmanager" / "templates" / "links.tmpl").read_text()
    return re.findall(r'match "([^"]+)" \.CommonLabels\.alertname }}([\w-]+)', template)


@pytest.mark.parametrize(
    ("alert", "uid"),
    [
        ("ModelAccuracyLow", "modeltail-model"),
        ("ModelDriftDetected", "modeltail-drift"),
        ("ModelAttributionDrift", "modeltail-drift"),
        ("ModelDensityLow", "modeltail-drift"),
        ("ModelMissingValues", "modeltail-data-quality"),
        ("ModelDependencyStale", "modeltail-data-quality"),
        ("ModelErrorBudgetBurn", "modeltail-slo"),
        ("SyslogAnomalous", "modeltail-syslog"),
        ("ModeltailLagging", "modeltail-exporter"),
    ],
)
def test_notifications_link_to_the_dashboard_of_their_subject(alert: str, uid: str) -> None:
    """Who is woken by an alert lands where it can be understood."""
    assert alert in alert_names()
    assert next(to for pattern, to in linked_dashboards() if re.search(pattern, alert)) == uid


def test_links_of_notifications_lead_to_dashboards() -> None:
    """The addresses in the notification templates are those of dashboards and variables of ours."""
    assert {uid for _, uid in linked_dashboards()} <= {path.stem for path in DASHBOARDS}
    for alert in alert_names():
        assert any(re.search(pattern, alert) for pattern, _ in linked_dashboards()), alert
    template = (ROOT / "alertmanager" / "templates" / "links.tmpl").read_text()
    (names,) = re.findall(r"\^\(([\w|]+)\)\$", template)
    there = {name for path in DASHBOARDS for name in variables(content(path))}
    assert {*names.split("|"), "job"} <= there
