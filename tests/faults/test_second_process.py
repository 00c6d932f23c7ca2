"""A storage directory belongs to one process, in whatever state that is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.commands.exporter_process import (
    ExporterProcess,
    configure,
    free_port,
    running,
    wait_until,
)
from tests.faults.logging_service import differences
from tests.faults.numbered_lines import NumberedLines, total


def refused(config: Path) -> int:
    """Start a second process and return its exit code."""
    second = ExporterProcess(config, free_port())
    try:
        return second.exit_code()
    finally:
        second.close()


def test_a_second_process_waits_for_no_one_and_takes_nothing(tmp_path):
    """It exits with 2, also while the first is stopped; when that is killed, another goes on."""
    config = configure(tmp_path, publish_interval="200ms")
    lines = NumberedLines(tmp_path / "app.log")
    written = lines.write(300)
    with running(config) as first:
        wait_until(lambda: first.lines() == 300)
        assert refused(config) == 2
        os.kill(first.pid, signal.SIGSTOP)
        try:
            assert refused(config) == 2
        finally:
            os.kill(first.pid, signal.SIGCONT)
        written = total(written, lines.write(100))
        wait_until(lambda: first.lines() == 400)
        assert differences(written, first.scrape()) == {}
        assert first.send(signal.SIGKILL) == -signal.SIGKILL
    assert config.with_suffix(".log").read_text().count("another process uses") == 2
    with running(config) as third:
        assert differences(written, third.scrape()) == {}
