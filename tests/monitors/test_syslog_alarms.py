from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.event_time import EventTime
from exporter.markov.online import OnlineModel, Trained
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.latest_anomalies import MAX_ANOMALIES
from exporter.monitors.syslog_alarms import SyslogAlarms
from exporter.monitors.syslog_incidents import IncidentSettings
from exporter.monitors.syslog_sources import AlarmSettings
from exporter.parsing.syslog_lines import syslog_parser
from exporter.storage.encoding import decode, encode
from exporter.windows import Window

WINDOWS = (Window("1m", 60.0), Window("1d", 86400.0))
START = 1_700_000_000
WORDS = ("connection opened", "user logged in", "query done", "connection closed")


def lines(count, odd=(), host="h"):
    """Return log lines of sessions, one a second, with odd ones at some places."""
    found = [
        f"{host} app[{n // 4}]: {'kernel panic in cpu' if n in odd else WORDS[n % 4]}"
        for n in range(count)
    ]
    times = np.datetime_as_string((START + np.arange(count)).astype("datetime64[s]"))
    return [f"{time}Z {line}".encode() for time, line in zip(times, found, strict=True)]


def fed(monitor, log, source="s", size=700):
    """Feed a log in batches."""
    event_time = EventTime(WINDOWS, replay=True)
    parser = syslog_parser(source, timezone="UTC")
    for begin in range(0, len(log), size):
        batch = parser.parse(log[begin : begin + size], START).batch
        monitor.update(event_time.place(replace(batch, received=START + 20_000)))
    return monitor


def exposed(monitor, now):
    """Return the samples by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in monitor.families(monitor.snapshot(), now)
        for sample in family.samples
    }


def test_an_alarm():
    """Counts by kind, is among the latest anomalies, and says why."""
    log = lines(6000, odd=(5002,))
    monitor = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.001)}), log)
    samples = exposed(monitor, START + 6000)
    assert samples["syslog_anomalies_total", "h", "novel"] == 1
    assert samples["syslog_scored_messages_total", "h"] == 5995
    assert samples["syslog_alarm_alpha_ratio", "h"] == 0.001
    alarms = sum(samples["syslog_anomalies_total", "h", kind] for kind in ("unexpected", "missing"))
    assert samples["syslog_alarm_realised_ratio", "h", "1d"] == pytest.approx((1 + alarms) / 5995)
    assert ("syslog_alarm_realised_ratio", "h", "1m") in samples
    assert samples["syslog_alarm_evaluable", "s", ""] == 1
    assert samples["syslog_templates", "s"] == 7
    anomaly = next(each for each in monitor.snapshot().anomalies if each.kind == "novel")
    assert (anomaly.source, anomaly.host, anomaly.time) == ("s", "h", START + 5002)
    assert anomaly.message == log[5002].decode()
    assert anomaly.context == tuple(line.decode() for line in log[4999:5006])
    assert anomaly.explanation.startswith('"app: kernel panic in cpu" was never logged before')
    assert anomaly.score > 5
    assert anomaly.pvalue <= 0.001


def test_too_few_lines_for_the_alpha():
    """No alarm, and the reason is told."""
    settings = AlarmSettings(0.0001, IncidentSettings(0.0001))
    monitor = fed(SyslogAlarms(WINDOWS, {"s": settings}), lines(3000, odd=(2500,)))
    samples = exposed(monitor, START + 3000)
    assert samples["syslog_alarm_evaluable", "s", "too_few_messages"] == 0
    assert samples["syslog_reference_evaluable", "s", "too_few_messages"] == 0
    assert samples["syslog_incidents_total", "h"] == 0
    assert sum(value for (name, *_), value in samples.items() if "anomalies" in name) == 0
    assert monitor.snapshot().anomalies == ()


def test_a_host_has_series_from_its_first_message():
    """At 0; what is scored in a window is not there yet."""
    samples = exposed(fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}), lines(1)), START)
    assert samples["syslog_anomalies_total", "h", "missing"] == 0
    assert samples["syslog_scored_messages_total", "h"] == 0
    assert not any("realised" in name for name, *_ in samples)


def test_what_was_learned_before():
    """A trained model: alarms are there from the first line on."""
    trained = OnlineModel()
    parser = syslog_parser("train", timezone="UTC")
    batch = parser.parse(lines(3000), START).batch
    trained.score(batch, batch.timestamp)
    state = decode(encode(trained.dump()))
    monitor = fed(
        SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.001)}, {"s": Trained("f", state)}),
        lines(60, odd=(30,)),
    )
    assert monitor.snapshot().anomalies[0].kind == "novel"


def test_other_sources_are_not_scored():
    """Those without an alpha."""
    monitor = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}), lines(50), source="t")
    assert ("syslog_scored_messages_total", "h") not in exposed(monitor, START)


def test_hosts_beyond_the_limit():
    """Count as other, as do those that the budget refuses."""
    log = [line for n in range(4) for line in lines(20, host=f"h{n}")]
    monitor = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}, max_hosts=2), log)
    samples = exposed(monitor, START)
    assert samples["syslog_scored_messages_total", "h1"] == 15
    assert samples["syslog_scored_messages_total", "other"] == 30
    refused = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}, budget=SeriesBudget(0)), log)
    assert exposed(refused, START)["syslog_scored_messages_total", "other"] == 60


def test_the_latest_anomalies_are_kept():
    """As many as are looked at."""
    monitor = fed(
        SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.1)}), lines(12_000, odd=range(3000, 12_000, 17))
    )
    anomalies = monitor.snapshot().anomalies
    assert len(anomalies) == MAX_ANOMALIES
    assert anomalies[0].time > anomalies[-1].time


@settings(deadline=None, max_examples=6)
@given(st.integers(1, 2600), st.integers(300, 900))
def test_a_restart_changes_nothing(restart, size):
    """Nor does the size of batches."""
    log = lines(2600, odd=(1500, 2222))
    whole = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}), log)
    first = fed(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}), log[:restart], size=size)
    second = SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)})
    second.load(decode(encode(first.dump())))
    fed(second, log[restart:], size=size)
    assert exposed(second, START + 2600) == pytest.approx(exposed(whole, START + 2600), rel=1e-12)


def test_stored_for_another_number_of_hosts():
    """Starts afresh."""
    state = decode(encode(SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}, max_hosts=3).dump()))
    with pytest.raises(ValueError, match="stored for 3 hosts, not for 1000"):
        SyslogAlarms(WINDOWS, {"s": AlarmSettings(0.01)}).load(state)
