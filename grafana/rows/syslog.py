"""The row about the hosts' system logs."""

from __future__ import annotations

from panels import Json, heatmap, lines, query
from queries import EXPORTER, HOSTS, buckets, rate


def syslog() -> list[Json]:
    """Return the hosts' system logs."""
    return [
        lines(
            "Messages",
            "Per second and host. Silence and floods are both news.",
            [query(rate("syslog_messages_total", EXPORTER, "host"), "{{host}}")],
            unit="cps",
            lowest=0,
        ),
        lines(
            "Mean surprisal",
            "How unexpected a message was after the one before it, in nats, over the chosen "
            "window. Each host has its own level; a climb from it is what counts.",
            [query(f"syslog_surprisal_mean_nats{{{HOSTS}}}", "{{host}}")],
            unit="short",
            lowest=0,
        ),
        lines(
            "Anomalies",
            "Per second. Novel: a message that training never saw. Unexpected: known messages in "
            "an order that training never saw.",
            [query(rate("syslog_anomalies_total", EXPORTER, "host, kind"), "{{host}} {{kind}}")],
            unit="cps",
            lowest=0,
        ),
        lines(
            "Incidents",
            "Per second: how often the log is not what the reference expects, and how often that "
            "may be on normal days. SyslogAnomalous warns where the first is far above the second.",
            [
                query(rate("syslog_incidents_total", EXPORTER, "host"), "{{host}}"),
                query(
                    rate("syslog_incidents_expected_total", EXPORTER, "host"), "{{host}}: at most"
                ),
            ],
            unit="cps",
            lowest=0,
        ),
        lines(
            "P-value of the window",
            "How likely incidents as improbable as those of the window would be on a normal day. "
            "Logarithmic: low is abnormal.",
            [query(f"syslog_anomaly_pvalue{{{HOSTS}}}", "{{host}}")],
            unit="short",
            highest=1,
            logarithmic=True,
        ),
        lines(
            "Highest surprisal",
            "Of a single message in the chosen window, in nats.",
            [query(f"syslog_anomaly_score{{{HOSTS}}}", "{{host}}")],
            unit="short",
            lowest=0,
        ),
        heatmap(
            "Distribution of the surprisal",
            "Each column is a moment, each cell how many messages were that unexpected. A new "
            "band at the top is a new kind of trouble.",
            buckets("syslog_surprisal_nats", EXPORTER),
            unit="short",
        ),
    ]
