from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.monitors.syslog_incidents import (
    LASTS,
    ComparedLines,
    IncidentSettings,
    SyslogIncidents,
    families,
    simes,
)
from exporter.placement import place
from exporter.storage.encoding import decode, encode
from exporter.windows import Window

WINDOWS = (Window("10m", 600.0), Window("1d", 86400.0))
SETTINGS = IncidentSettings(alpha=0.01, seconds=60.0)
HOSTS = {0: "web1", 1: "web2"}
BEGIN = 1_700_000_000.0


def fed(incidents, lines, settings=SETTINGS, source="s", size=None):
    """Take in lines, (host, second, p-value) each; return which began an incident."""
    began = []
    for begin in range(0, len(lines), size or max(len(lines), 1)):
        part = lines[begin : begin + (size or len(lines))]
        host, time, pvalue = (np.array(column) for column in zip(*part, strict=True))
        time = time + BEGIN
        now = np.array([time.max()])
        compared = ComparedLines(host, time, pvalue.astype(np.float64))
        found = incidents.update(source, settings, compared, place(WINDOWS, time, now))
        began += [begin + row for row in found]
    return began


def exposed(incidents, second):
    """Return the samples by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(incidents.view(), HOSTS, BEGIN + second)
        for sample in family.samples
    }


def test_lines_within_a_minute_are_one_incident():
    """Of the first one, and of the same host."""
    incidents = SyslogIncidents(WINDOWS, 2)
    lines = [(0, 0, 0.01), (1, 5, 0.001), (0, 60, 0.002), (0, 61, 0.5), (0, 62, 0.01), (0, 70, 0.1)]
    assert fed(incidents, lines) == [0, 1, 4]
    samples = exposed(incidents, 70)
    assert samples["syslog_incidents_total", "web1"] == 2
    assert samples["syslog_incidents_total", "web2"] == 1
    assert samples["syslog_reference_unexpected_messages_total", "web1"] == 3
    assert samples["syslog_incidents_expected_total", "web1"] == pytest.approx(0.05)
    assert samples["syslog_incidents_expected_total", "web2"] == pytest.approx(0.01)


def test_a_busy_host_has_more_than_one_a_minute():
    """An incident lasts for a tenth of the lines that one is usually among."""
    incidents = SyslogIncidents(WINDOWS, 2)
    most = round(LASTS / SETTINGS.alpha)
    assert fed(incidents, [(0, 0, 0.001)] * (2 * most + 1)) == [0, most, 2 * most]


def test_sources_have_incidents_of_their_own():
    """Though they are of one host."""
    incidents = SyslogIncidents(WINDOWS, 2)
    assert fed(incidents, [(0, 0, 0.001)], source="auth") == [0]
    assert fed(incidents, [(0, 1, 0.001)], source="messages") == [0]
    assert fed(incidents, [(0, 2, 0.001)], source="auth") == []


def test_without_a_reference_nothing_is_counted():
    """Neither lines nor incidents."""
    incidents = SyslogIncidents(WINDOWS, 2)
    assert fed(incidents, [(0, 0, np.nan), (0, 1, np.nan)]) == []
    samples = exposed(incidents, 1)
    assert samples["syslog_incidents_expected_total", "web1"] == 0
    assert not any(name == "syslog_anomaly_pvalue" for name, *_ in samples)


def test_the_pvalue_of_an_incident_is_the_lowest_of_its_lines():
    """Which moves it in the window that it began in."""
    incidents = SyslogIncidents(WINDOWS, 2)
    fed(incidents, [(0, 0, 0.009), (0, 30, 1e-4), (0, 40, 1e-3), *[(0, 50, 0.5)] * 7])
    samples = exposed(incidents, 50)
    assert samples["syslog_anomaly_pvalue", "web1", "10m"] == pytest.approx(10 * 1e-4)
    # The window has moved on, and the lines are in the longer one alone.
    samples = exposed(incidents, 2000)
    assert ("syslog_anomaly_pvalue", "web1", "10m") not in samples
    assert samples["syslog_anomaly_pvalue", "web1", "1d"] == pytest.approx(10 * 1e-4)


def test_lines_without_an_incident_have_a_pvalue_of_one():
    """As those of normal days."""
    incidents = SyslogIncidents(WINDOWS, 2)
    fed(incidents, [(0, 0, 0.5)])
    assert exposed(incidents, 0)["syslog_anomaly_pvalue", "web1", "1d"] == 1


@given(st.lists(st.floats(1e-7, 0.01), max_size=12), st.integers(0, 3000))
def test_simes(pvalues, others):
    """The inequality by its definition, of p-values rounded up to a third of a power of ten."""
    lines = len(pvalues) + others
    bins = np.minimum((-np.log10(np.array(pvalues)) * 3).astype(int), 24)
    counts = np.bincount(bins, minlength=25)[None, :]
    rounded = np.sort(10.0 ** (-bins / 3))
    expected = min([1.0, *(lines * rounded / np.arange(1, len(rounded) + 1))])
    assert simes(counts, np.array([lines]))[0] == pytest.approx(expected)


def test_simes_is_valid_under_the_null():
    """Windows of independent lines: p <= .05 in 5 % of them at most, and not far less often."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(2000):
        pvalue = random.random(300)
        few = pvalue[pvalue <= 0.01]
        bins = np.minimum((-np.log10(few) * 3).astype(int), 24)
        found.append(simes(np.bincount(bins, minlength=25)[None, :], np.array([300]))[0])
    share = (np.array(found) <= 0.05).mean()
    assert 0.01 < share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 400), st.sampled_from([0.5, 0.01, 2e-3, 1e-5])),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 20),
    st.integers(0, 60),
)
def test_cuts_and_restarts_change_nothing(lines, size, restart):
    """Lines in the order of time."""
    lines = sorted(lines, key=lambda line: line[1])
    whole, first, second = (SyslogIncidents(WINDOWS, 2) for _ in range(3))
    fed(whole, lines)
    if lines[:restart]:
        fed(first, lines[:restart], size=size)
    second.load(decode(encode(first.dump())))
    if lines[restart:]:
        fed(second, lines[restart:], size=size)
    expected = exposed(whole, 400)
    assert exposed(second, 400) == pytest.approx(expected)
