"""The system logs of hosts: who says what nobody said before."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, start_annotation
from panels import Json, heatmap, lines, number, override, query, steps
from queries import EXPORTER, HOSTS, HOSTS_WINDOW, buckets, firing, increase, rate
from tables import coloured, table
from variables import variables

_ALERTS = 'job=~"$job",alertname=~"Syslog.+",host=~"$host"'
_NO_SYSLOG = "Appears with `syslog` in the configuration and the first message."
_NO_SCORES = (
    "Appears with `syslog` in the configuration: at once with `model` of a source, trained by "
    "`modeltail syslog train`, else when enough was learned."
)
_CALM = steps("green", (1, "orange"))


def syslog() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-syslog",
        "Syslog anomalies",
        "What hosts log, held against what they logged on normal days: messages never sent before, "
        "known ones in an order never seen, and floods.",
        variables=variables("host", "window", windows_of="host"),
        rows=[
            Row("At a glance", _glance()),
            Row("Hosts, the worst first", [_hosts()]),
            Row("Anomalies", _anomalies()),
            Row("Incidents against the reference", _incidents()),
            Row("Messages", _messages()),
            Row("What is learned", _models()),
        ],
        annotations=[alert_annotation(_ALERTS), start_annotation(EXPORTER)],
    )


def _glance() -> list[Json]:
    """Return the figures to look at first."""
    return [
        number(
            "Hosts",
            "Hosts that messages came from since the exporters know of them.",
            f"count(group by (host) (syslog_last_message_timestamp_seconds{{{HOSTS}}}))",
            empty=_NO_SYSLOG,
            unit="short",
            width=6,
        ),
        number(
            "Messages",
            "Per second, all chosen hosts together.",
            f"sum(rate(syslog_messages_total{{{HOSTS}}}[$__rate_interval]))",
            empty=_NO_SYSLOG,
            unit="cps",
            width=6,
        ),
        number(
            "Anomalies",
            "Over the length of the chosen window, all chosen hosts together.",
            f"sum(increase(syslog_anomalies_total{{{HOSTS}}}[$window]))",
            empty=_NO_SCORES,
            unit="short",
            width=6,
        ),
        number(
            "Firing alerts",
            "SyslogAnomalous, SyslogNovelMessages and SyslogHostSilent of the chosen hosts.",
            f"count({firing(_ALERTS)}) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=6,
            levels=_CALM,
        ),
    ]


def _hosts() -> Json:
    by = "host, instance"
    excess = f"job_instance_host:syslog_incidents_excess_nats:increase15m{{{HOSTS}}}"
    known = f"0 * group by ({by}) (syslog_last_message_timestamp_seconds{{{HOSTS}}})"
    return table(
        "Hosts",
        "Excess: how far 15 minutes of incidents are beyond what the reference explains, in nats; "
        "13.8 is one in a million, where SyslogAnomalous warns. p: of the chosen window. Alarms: "
        "the share of its messages that were anomalies. Click on a host for its exporter's list "
        "of the latest anomalies, with explanations if you ask from the exporter's own machine.",
        {
            "Excess": f"max by ({by}) ({excess}) or {known}",
            "p": f"min by ({by}) (syslog_anomaly_pvalue{{{HOSTS_WINDOW}}})",
            "Alarms": f"max by ({by}) (syslog_alarm_realised_ratio{{{HOSTS_WINDOW}}})",
            "Anomalies": increase("syslog_anomalies_total", HOSTS, by, "$window"),
            "Messages": f"max by ({by}) (syslog_window_messages{{{HOSTS_WINDOW}}})",
            "Mean surprisal": f"max by ({by}) (syslog_surprisal_mean_nats{{{HOSTS_WINDOW}}})",
            "Silent for": f"time() - max by ({by}) "
            f"(syslog_last_message_timestamp_seconds{{{HOSTS}}})",
        },
        empty=_NO_SYSLOG,
        height=9,
        sort=[("Excess", True), ("p", False), ("Alarms", True)],
        overrides=[
            override(
                "byName",
                "host",
                links=[
                    {
                        "title": "Latest anomalies of ${__data.fields.instance}",
                        "url": "http://${__data.fields.instance}/api/v1/anomalies",
                        "targetBlank": True,
                    }
                ],
            ),
            coloured("Excess", steps("green", (13.8, "orange"), (27.6, "red"))),
            override("byName", "p", unit="sci"),
            override("byName", "Alarms", unit="percentunit"),
            override("byName", "Silent for", unit="s"),
        ],
    )


def _anomalies() -> list[Json]:
    """Return how many messages are not as expected, and how much so."""
    return [
        lines(
            "Anomalies by kind",
            "Per second, all chosen hosts together. Novel: a message that was never seen. "
            "Unexpected: known messages in an order that was never seen. Missing: what always "
            "follows did not. Burst: far more lines than ever.",
            [query(rate("syslog_anomalies_total", HOSTS, "kind"), "{{kind}}")],
            empty=_NO_SCORES,
            unit="cps",
            lowest=0,
            stacked=True,
        ),
        lines(
            "Alarms against alpha",
            "Share of the chosen window's messages that were alarms, by host. Without an incident "
            "it stays about at the dashed line, which is what was promised. Far above: an "
            "incident, or a model that no longer fits.",
            [
                query(f"syslog_alarm_realised_ratio{{{HOSTS_WINDOW}}}", "{{host}} {{instance}}"),
                query(f"max(syslog_alarm_alpha_ratio{{{HOSTS}}})", "limit"),
            ],
            empty=_NO_SCORES,
            unit="percentunit",
            lowest=0,
        ),
        heatmap(
            "Distribution of the surprisal",
            "Each column is a moment, each cell how many messages of the chosen hosts were that "
            "unexpected, in nats. A new band at the top is a new kind of trouble.",
            buckets("syslog_surprisal_nats", HOSTS),
            empty=_NO_SCORES,
            unit="short",
        ),
        lines(
            "Mean surprisal",
            "How unexpected a message was after the one before it, in nats, over the chosen "
            "window. Each host has its own level; a climb from it is what counts.",
            [query(f"syslog_surprisal_mean_nats{{{HOSTS_WINDOW}}}", "{{host}} {{instance}}")],
            empty=_NO_SCORES,
            unit="short",
            lowest=0,
            width=12,
        ),
        lines(
            "Highest surprisal",
            "Of a single message in the chosen window, in nats.",
            [query(f"syslog_anomaly_score{{{HOSTS_WINDOW}}}", "{{host}} {{instance}}")],
            empty=_NO_SCORES,
            unit="short",
            lowest=0,
            width=12,
        ),
    ]


def _incidents() -> list[Json]:
    """Return what the frozen reference does not explain."""
    return [
        lines(
            "Incidents",
            "Per second: how often the log is not what the reference expects, and how often that "
            "may be on normal days. SyslogAnomalous warns where the first is far above the second.",
            [
                query(rate("syslog_incidents_total", HOSTS, "host"), "{{host}}"),
                query(rate("syslog_incidents_expected_total", HOSTS, "host"), "{{host}}: at most"),
            ],
            empty="Appears when a source has a reference: a trained `model`, or enough learned.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Excess of incidents",
            "Exponent of how improbable so many incidents are on normal days, in nats, over 15 "
            "minutes and 6 hours. 13.8 (one in a million): a warning; 27.6: somebody is paged.",
            [
                query(
                    f"job_instance_host:syslog_incidents_excess_nats:increase{length}{{{HOSTS}}}",
                    f"{{{{host}}}} {length} {{{{instance}}}}",
                )
                for length in ("15m", "6h")
            ],
            empty="No host has more incidents than its reference explains.",
            unit="short",
            lowest=0,
            levels=steps("transparent", (13.8, "orange"), (27.6, "red")),
        ),
        lines(
            "P-value of the window",
            "How likely incidents as improbable as those of the window would be on a normal day. "
            "Logarithmic: low is abnormal.",
            [query(f"syslog_anomaly_pvalue{{{HOSTS_WINDOW}}}", "{{host}} {{instance}}")],
            empty="Appears when a source has a reference: a trained `model`, or enough learned.",
            unit="sci",
            highest=1,
            logarithmic=True,
        ),
    ]


def _messages() -> list[Json]:
    """Return how much is logged."""
    return [
        lines(
            "Messages",
            "Per second and host. Silence and floods are both news.",
            [query(rate("syslog_messages_total", HOSTS, "host"), "{{host}}")],
            empty=_NO_SYSLOG,
            unit="cps",
            lowest=0,
        ),
        lines(
            "Messages by program",
            "Per second, all chosen hosts together, the ten that log most.",
            [query(f"topk(10, {rate('syslog_messages_total', HOSTS, 'tag')})", "{{tag}}")],
            empty=_NO_SYSLOG,
            unit="cps",
            lowest=0,
        ),
        lines(
            "Never seen before",
            "Per second: messages that the model has not, and known messages that in the model "
            "never follow the one before them.",
            [
                query(rate("syslog_unseen_messages_total", HOSTS, "host"), "{{host}} message"),
                query(rate("syslog_unseen_transitions_total", HOSTS, "host"), "{{host}} order"),
            ],
            empty=_NO_SCORES,
            unit="cps",
            lowest=0,
        ),
    ]


def _models() -> list[Json]:
    """Return whether there is enough to judge by."""
    by = "source, reason, instance"
    return [
        table(
            "What can be judged",
            "1: the source has logged enough for alarms at its alpha, or has a reference to tell "
            "incidents by. 0: not yet, and why.",
            {
                "Alarms": f"min by ({by}) (syslog_alarm_evaluable{{{EXPORTER}}})",
                "Incidents": f"min by ({by}) (syslog_reference_evaluable{{{EXPORTER}}})",
            },
            empty="Appears with `syslog` in the configuration.",
            width=12,
            overrides=[
                coloured(name, steps("orange", (1, "green"))) for name in ("Alarms", "Incidents")
            ],
        ),
        lines(
            "Templates",
            "Kinds of message that a source has. A climb without end: something that varies in "
            "every line, such as an id, is not masked.",
            [query(f"syslog_templates{{{EXPORTER}}}", "{{source}} {{instance}}")],
            empty="Appears with `syslog` in the configuration.",
            unit="short",
            lowest=0,
            width=6,
        ),
        lines(
            "Messages learned from",
            "By the reference that incidents are told by, and for comparing scores with.",
            [
                query(
                    f"syslog_reference_messages{{{EXPORTER}}}", "{{source}} reference {{instance}}"
                ),
                query(
                    f"syslog_calibration_messages{{{EXPORTER}}}", "{{source}} scores {{instance}}"
                ),
            ],
            empty="Appears with `syslog` in the configuration.",
            unit="short",
            lowest=0,
            width=6,
        ),
    ]
