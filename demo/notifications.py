"""What Slack and PagerDuty are told, read from the very payloads that they would get."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Service = Literal["slack", "pagerduty"]
Subject = Literal["model", "syslog", "exporter"]


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification, as far as people look at it.

    Attributes
    ----------
    service
        Who was told.
    alert
        The alert's name.
    resolved
        Whether it is over.
    title, text
        What a person would read.
    after
        Seconds after the start of the demo.
    """

    service: Service
    alert: str
    resolved: bool
    title: str
    text: str
    after: float

    @property
    def subject(self) -> Subject:
        """Return what the alert is about, which is the first word of its name."""
        if re.match(r"Model[A-Z]", self.alert):
            return "model"
        return "syslog" if self.alert.startswith("Syslog") else "exporter"


def from_slack(payload: Mapping[str, Any], after: float) -> Notification:
    """Read a message to a Slack webhook, with one attachment as Alertmanager sends it.

    Raises
    ------
    KeyError, IndexError
        The payload is no such message.
    """
    attachment = payload["attachments"][0]
    title = html.unescape(attachment["title"])
    name = re.search(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", title)
    return Notification(
        service="slack",
        alert=name.group() if name else "",
        resolved=title.startswith("[RESOLVED"),
        title=title,
        text=html.unescape(attachment.get("text", "")).strip(),
        after=after,
    )


def from_pagerduty(event: Mapping[str, Any], after: float) -> Notification:
    """Read an event of PagerDuty's Events API v2.

    Raises
    ------
    KeyError
        The event lacks a field that the API requires.
    """
    payload = event.get("payload", {})
    resolved = event["event_action"] == "resolve"
    details = payload.get("custom_details", {})
    text = details.get("resolved" if resolved else "firing", "")
    return Notification(
        service="pagerduty",
        alert=payload.get("class", ""),
        resolved=resolved,
        title=f"{event['event_action']} ({payload.get('severity', '')}): {payload['summary']}",
        text=(text if isinstance(text, str) else json.dumps(text)).strip(),
        after=after,
    )
