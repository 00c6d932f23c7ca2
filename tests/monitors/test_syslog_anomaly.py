from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.event_time import EventTime
from exporter.markov.scoring import Scorer
from exporter.markov.training import Trainer
from exporter.monitors.syslog_anomaly import SyslogAnomaly
from exporter.records import Categorical, SyslogBatch
from exporter.storage.encoding import decode, encode
from exporter.windows import Window

NOW = 100_000.0
WINDOWS = (Window("1m", 60.0), Window("1h", 3600.0))


def batch(
    messages: str, hosts: str | None = None, source: str = "cluster", time: float = NOW
) -> SyslogBatch:
    """Make a batch of one-letter messages at one time, by default of host h."""
    made = SyslogBatch(
        source,
        NOW,
        np.full(len(messages), time),
        Categorical.encode(hosts or "h" * len(messages)),
        Categorical.encode("t" * len(messages)),
        Categorical.encode(messages),
    )
    return EventTime(WINDOWS, replay=False).place(made)


def trained(messages: str):
    """Train on one host's one-letter messages."""
    trainer = Trainer()
    trainer.update(batch(messages))
    return trainer.model()


# a>b 3/4, a>c 1/4, b>a 1, c>a 1: 8 transitions.
SMALL = trained("ababacaba")
# With an expected share: (0 + 1/2) / (1000 + 1).
LARGE = trained("ab" * 1000 + "a")


def monitor(model=SMALL, source: str = "cluster", **options) -> SyslogAnomaly:
    """Make a monitor of one source."""
    return SyslogAnomaly(WINDOWS, {source: Scorer(model)}, **options)


def stored(monitor: SyslogAnomaly) -> dict:
    """Return the state as it comes back from storage."""
    return decode(encode(monitor.dump()))


def exposed(monitor: SyslogAnomaly, now: float = NOW) -> dict[tuple[str, ...], float]:
    """Return the samples by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in monitor.families(monitor.snapshot(), now)
        for sample in family.samples
    }


def counters(samples: dict[tuple[str, ...], float], host: str = "h") -> list[float]:
    """Return unseen messages and unseen transitions of a host."""
    return [
        samples["syslog_unseen_messages_total", host],
        samples["syslog_unseen_transitions_total", host],
    ]


def test_normal_messages():
    """Counters start at 0; surprisals are those of the matrix; one message before scores none."""
    observed = monitor()
    observed.update(batch("abac"))
    samples = exposed(observed)
    assert counters(samples) == [0, 0]
    total = -math.log(3 / 4) - math.log(1) - math.log(1 / 4)
    assert samples["syslog_surprisal_nats_sum", "h"] == pytest.approx(total)
    assert samples["syslog_surprisal_nats_count", "h"] == 3
    assert samples["syslog_surprisal_nats_bucket", "h", "0.5"] == 2
    assert samples["syslog_surprisal_nats_bucket", "h", "2.0"] == 3
    for window in ("1m", "1h"):
        assert samples["syslog_window_messages", "h", window] == 3
        assert samples["syslog_surprisal_mean_nats", "h", window] == pytest.approx(total / 3)
        assert samples["syslog_anomaly_score", "h", window] == pytest.approx(math.log(4))
    # The model is of too few lines for a p-value.


def test_a_host_has_series_from_its_first_message():
    """At 0, and no rolling figure yet."""
    observed = monitor()
    observed.update(batch("a"))
    samples = exposed(observed)
    assert counters(samples) == [0, 0]
    assert samples["syslog_surprisal_nats_count", "h"] == 0
    assert not any("window" in name or "score" in name for name, *_ in samples)


def test_messages_and_transitions_that_were_never_seen():
    """A transition to or from a message that was never seen was not seen either."""
    observed = monitor()
    observed.update(batch("abXabcbb"))
    # bX, Xa, bc, cb and bb.
    samples = exposed(observed)
    assert counters(samples) == [1, 5]
    assert samples["syslog_anomaly_score", "h", "1m"] == pytest.approx(math.log(9))


def test_hosts_and_sources_have_chains_of_their_own():
    """Interleaved hosts do not disturb each other; a host in two sources has one series."""
    observed = SyslogAnomaly(WINDOWS, {name: Scorer(SMALL) for name in ("auth", "messages")})
    for letters, hosts, source in (
        ("aabb", "hkhk", "auth"),
        ("c", "h", "messages"),
        ("a", "h", "auth"),
        ("a", "h", "messages"),
    ):
        observed.update(batch(letters, hosts, source))
    samples = exposed(observed)
    assert counters(samples, "h") == counters(samples, "k") == [0, 0]
    assert samples["syslog_window_messages", "h", "1m"] == 3
    assert samples["syslog_window_messages", "k", "1m"] == 1


def test_a_source_without_a_model_is_left_alone():
    """Nothing is scored, and no host gets series."""
    observed = monitor()
    observed.update(batch("aXbX", source="other source"))
    observed.update(batch(""))
    assert exposed(observed) == {}


def test_hosts_beyond_the_first_are_other():
    """They share a series, not a chain."""
    observed = monitor(max_hosts=1)
    observed.update(batch("aaabbb", "hijhij"))
    samples = exposed(observed)
    assert counters(samples, "h") == counters(samples, "other") == [0, 0]
    assert samples["syslog_window_messages", "other", "1m"] == 2


def test_windows_slide():
    """Old messages leave the shorter window first; an empty window is absent."""
    observed = monitor()
    observed.update(batch("aXa", time=NOW - 50))
    observed.update(batch("b", time=NOW))
    assert exposed(observed)["syslog_window_messages", "h", "1m"] == 3
    later = exposed(observed, NOW + 30)
    assert later["syslog_window_messages", "h", "1m"] == 1
    assert later["syslog_anomaly_score", "h", "1m"] == pytest.approx(-math.log(3 / 4))
    assert later["syslog_anomaly_score", "h", "1h"] == pytest.approx(math.log(9))
    empty = exposed(observed, NOW + 4000)
    assert not any(key[0] == "syslog_window_messages" for key in empty)
    assert counters(empty) == [1, 2]


def test_late_messages_count_in_no_window():
    """They reach the counters only."""
    observed = monitor()
    observed.update(batch("aX", time=NOW - 1000))
    samples = exposed(observed)
    assert ("syslog_window_messages", "h", "1m") not in samples
    assert samples["syslog_window_messages", "h", "1h"] == 1
    assert counters(samples) == [1, 1]


def test_the_state_is_restored():
    """A restored monitor exposes the same, and its chains go on."""
    first, second = monitor(LARGE), monitor(LARGE)
    first.update(batch("abXab", "hkhkh"))
    second.load(stored(first))
    assert exposed(second) == exposed(first)
    for each in (first, second):
        each.update(batch("aXb", "hkk", time=NOW + 5))
    assert exposed(second) == exposed(first)


@given(st.text("abcX", max_size=40), st.integers(0, 40))
def test_batches_do_not_matter(messages, cut):
    """Any cut into batches gives the same exposition, but for the rounding of sums."""
    whole, parts = monitor(), monitor()
    hosts = ("hkh" * len(messages))[: len(messages)]
    whole.update(batch(messages, hosts))
    parts.update(batch(messages[:cut], hosts[:cut]))
    parts.update(batch(messages[cut:], hosts[cut:]))
    assert exposed(parts) == pytest.approx(exposed(whole))


def test_chains_end_when_the_model_is_replaced():
    """Counters go on; the states of the old model mean nothing in the new one."""
    before, after = monitor(SMALL), monitor(LARGE)
    before.update(batch("abX"))
    after.load(stored(before))
    after.update(batch("b"))
    samples = exposed(after)
    assert counters(samples) == [1, 1]
    assert samples["syslog_window_messages", "h", "1m"] == 2


def test_chains_end_when_the_source_is_gone():
    """A source that the configuration no longer names is forgotten."""
    before, after = monitor(source="old"), monitor(source="new")
    before.update(batch("ab", source="old"))
    after.load(stored(before))
    assert exposed(after) == exposed(before)
    assert list(after.dump()["chains"]) == ["new"]


@pytest.mark.parametrize(
    "other",
    [
        SyslogAnomaly(WINDOWS, {}, max_hosts=7),
        SyslogAnomaly(WINDOWS[:1], {}),
        SyslogAnomaly((Window("1m", 60.0), Window("2h", 7200.0)), {}),
    ],
)
def test_state_of_another_configuration_is_refused(other):
    """Other hosts or windows mean other cells."""
    with pytest.raises(ValueError, match=r"hosts|argument|window"):
        other.load(stored(monitor()))


def test_a_snapshot_does_not_change():
    """A scrape reads what was published."""
    observed = monitor(LARGE)
    observed.update(batch("abX"))
    snapshot = observed.snapshot()

    def rendered():
        return [family.samples for family in observed.families(snapshot, NOW)]

    before = rendered()
    observed.update(batch("XXbbk", "hkhhk"))
    assert rendered() == before


def test_sums_of_earlier_versions_are_gone_on_from():
    """They had three more of each host, in dense and in sparse sub-windows."""
    before = monitor(SMALL)
    before.update(batch("ababac" * 5, "hg" * 15))
    state = stored(before)
    for ring in state["sums"]:
        rows = ring["shape"][0]
        for dense, slot in enumerate(ring["slots"].values()):
            table = np.zeros((rows, 2))
            table.reshape(-1)[slot.pop("cells", slice(None))] = slot["values"]
            wide = np.column_stack([table, np.full((rows, 3), 7.0)]).reshape(-1)
            slot["values"] = wide
            if not dense:
                slot["cells"] = np.flatnonzero(wide).astype(np.uint16)
                slot["values"] = wide[slot["cells"]]
        ring["shape"] = [rows, 5]
    after = monitor(SMALL)
    after.load(state)
    assert exposed(after) == exposed(before)
