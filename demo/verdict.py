"""Whether the demo has shown what it is for: every kind of alert in every form, delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from demo.notifications import Notification

WANTED = tuple(product(("model", "syslog"), ("slack", "pagerduty")))
"""What an alert is about, and who is told."""


@dataclass(slots=True)
class Verdict:
    """Keeps the first delivery of each kind that is wanted."""

    first: dict[tuple[str, str], Notification] = field(default_factory=dict)

    def take(self, notification: Notification) -> None:
        """Note a notification; the end of an alert counts for nothing."""
        if not notification.resolved:
            key = (notification.subject, notification.service)
            self.first.setdefault(key, notification)

    @property
    def missing(self) -> list[str]:
        """Return what has not been delivered yet."""
        return [
            f"{subject} alert to {service}"
            for subject, service in WANTED
            if (subject, service) not in self.first
        ]

    @property
    def complete(self) -> bool:
        """Return whether everything was delivered."""
        return not self.missing

    def lines(self) -> Sequence[str]:
        """Return what was delivered and what was not, one line each."""
        delivered = [
            f"delivered  {subject:6} alert to {service:9} after {found.after:5.1f} s: {found.alert}"
            for subject, service in WANTED
            if (found := self.first.get((subject, service)))
        ]
        return [*delivered, *(f"missing    {entry}" for entry in self.missing)]
