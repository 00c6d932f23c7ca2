from __future__ import annotations

import pytest

from exporter.parsing.syslog_lines import syslog_parser

HEAD = "Jun  9 06:06:20 combo "


def variants(*lines):
    """Return the variants of some lines."""
    batch = syslog_parser("s", timezone="UTC").parse([line.encode() for line in lines], 1e9).batch
    return batch.variant.decode(), batch.message.decode()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("kernel: eth0: link up 100", "eth0"),
        ('nginx: "GET / HTTP/1.1" 500 12', "500"),
        ("systemd[1]: x.service: exited with status 3 after 12 s", "3"),
        ("init: job exit code=127", "127"),
        ("cron[7]: status: 1", "1"),
        ("run: code=exited, status=1/FAILURE", "1"),
        ("app[9]: killed by signal 11", "11"),
    ],
)
def test_numbers_that_make_a_difference(text, kept):
    """Stand in front of what the message says."""
    (variant,), (message,) = variants(HEAD + text)
    tag = message.partition(": ")[0]
    assert variant.startswith(f"{tag}: {kept}")
    assert variant.endswith(message.removeprefix(f"{tag}: "))


@pytest.mark.parametrize(
    "text", ["kernel: ethernet 5", "sshd[3]: port 22", "app: decode 5", "app: status unknown"]
)
def test_other_numbers(text):
    """Are gone."""
    (variant,), (message,) = variants(HEAD + text)
    assert variant == message


def test_each_line_has_its_own():
    """Among lines that are rejected, without a tag, and of the other format."""
    found, _ = variants(
        HEAD + "kernel: eth0: up",
        "no header eth7",
        HEAD + "kernel: eth1: up",
        HEAD + "-- eth2 --",
        "<34>1 2003-10-11T22:14:15Z host su 77 ID47 - exit code 4",
        HEAD + "kernel: lo: up",
    )
    assert found == [
        "kernel: eth0 eth: up",
        "kernel: eth1 eth: up",
        "eth2 -- eth --",
        "su: 4 exit code",
        "kernel: lo: up",
    ]
