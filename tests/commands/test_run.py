from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import threading

import psutil
import pytest
import requests
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)

from exporter.commands.run import listen_address, telemetry_path
from tests.commands.exporter_process import (
    COMMAND,
    REPOSITORY,
    ExporterProcess,
    configure,
    free_port,
    running,
    wait_until,
)
from tests.tailing.following import append

LINE = '{"prediction": "a", "model_version": "1", "confidence": 0.5}\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Return an exporter that has read three lines, for tests that only ask."""
    folder = tmp_path_factory.mktemp("shared")
    append(folder / "app.log", LINE * 3)
    with running(configure(folder)) as process:
        wait_until(lambda: process.lines() == 3)
        yield process


def test_serves_the_metrics(shared):
    """What was in the log, and that the exporter is well."""
    seen = shared.scrape()
    assert seen["model_predictions_total", "a", "bot", "1"] == 3
    assert seen["modeltail_records_parsed_total", "bot"] == 3
    assert seen["modeltail_source_up", "bot"] == 1
    assert seen["modeltail_checkpoint_failures_total",] == 0
    assert "process_cpu_seconds_total" in {name for name, *_ in seen}


def test_metrics_are_accepted_by_promtool(shared):
    """Without a remark."""
    text = requests.get(f"{shared.url}/metrics", timeout=5).content
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_speaks_openmetrics_when_asked(shared):
    """As Prometheus asks."""
    answer = requests.get(
        f"{shared.url}/metrics", headers={"Accept": "application/openmetrics-text"}, timeout=5
    )
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    names = {family.name for family in parse_openmetrics(answer.text)}
    assert "model_predictions" in names


@pytest.mark.parametrize("path", ["/metrics", "/-/healthy", "/-/ready", "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers(shared, method, path):
    """Load balancers ask with HEAD."""
    answer = requests.request(method, f"{shared.url}{path}", timeout=5)
    assert answer.status_code == 200
    assert bool(answer.content) == (method == "GET")


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/x", 404), ("POST", "/metrics", 405)]
)
def test_refuses_what_it_does_not_have(shared, method, path, code):
    """Nothing can be changed over the network."""
    assert requests.request(method, f"{shared.url}{path}", timeout=5).status_code == code


def test_a_second_process_on_the_same_storage_is_refused(shared):
    """With exit code 2 and a message; the first goes on."""
    second = ExporterProcess(shared.log.with_suffix(".yml"), free_port())
    assert second.exit_code() == 2
    second.close()
    assert "another process uses this storage directory" in shared.log.read_text()
    assert shared.lines() == 3


def test_an_address_in_use_is_refused(tmp_path):
    """With exit code 2 and a message, before storage is touched."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = ExporterProcess(configure(tmp_path), other.getsockname()[1])
        assert process.exit_code() == 2
        process.close()
    assert "modeltail: can't listen on 127.0.0.1:" in process.log.read_text()
    assert not (tmp_path / "storage").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_all_lines_kept(tmp_path, number):
    """Exit code 0 within five seconds; the next start shows each line once."""
    config = configure(tmp_path)
    append(tmp_path / "app.log", LINE * 5)
    with running(config) as process:
        append(tmp_path / "app.log", LINE * 1000)
        wait_until(lambda: process.lines() == 1005)
        append(tmp_path / "app.log", LINE * 7 + LINE[:9])
        assert process.send(number) == 0
    assert "Traceback" not in process.log.read_text()
    append(tmp_path / "app.log", LINE[9:])
    with running(config) as process:
        wait_until(lambda: process.lines() == 1013)
        assert process.scrape()["model_predictions_total", "a", "bot", "1"] == 1013


def test_a_signal_ends_it_while_a_scraper_holds_its_connection(tmp_path):
    """Prometheus keeps connections open."""
    with running(configure(tmp_path)) as process, requests.Session() as session:
        assert session.get(f"{process.url}/metrics", timeout=5).status_code == 200
        assert process.send(signal.SIGTERM) == 0


def test_a_configuration_with_a_mistake_is_refused(tmp_path):
    """With file, line and key."""
    config = configure(tmp_path, wndows=["5m"])
    process = ExporterProcess(config, free_port())
    assert process.exit_code() == 2
    process.close()
    assert f"{config}:1: wndows: " in process.log.read_text()


def test_monitors_can_be_left_out(tmp_path):
    """By a flag each."""
    append(tmp_path / "app.log", LINE)
    port = free_port()
    process = subprocess.Popen(
        [
            *COMMAND,
            "run",
            f"--config.file={configure(tmp_path)}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.telemetry-path=/here",
            "--no-monitor.confidence",
            "--log.format=json",
        ],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
    )

    def text() -> str:
        try:
            return requests.get(f"http://127.0.0.1:{port}/here", timeout=5).text
        except requests.ConnectionError:
            return ""

    try:
        wait_until(lambda: "model_predictions_total" in text())
        assert "model_confidence" not in text()
    finally:
        process.terminate()
        log = process.communicate(timeout=5)[1]
    assert process.returncode == 0
    assert {"level", "msg", "ts", "logger"} <= json.loads(log.splitlines()[0]).keys()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9877", ("", 9877)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:9877", ("::1", 9877)),
    ],
)
def test_an_address(text, address):
    """As Prometheus exporters take it."""
    assert listen_address(text) == address


@pytest.mark.parametrize("text", ["", "9877", "host:", "host:x", ":65536", ":-1", "[::g]:1"])
def test_no_address(text):
    """The message says what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="address"):
        listen_address(text)


def test_a_telemetry_path():
    """It begins with a slash and names one thing."""
    assert telemetry_path("/metrics") == "/metrics"
    for text in ("metrics", "", "/{name}", "/a?b", "/a#b"):
        with pytest.raises(argparse.ArgumentTypeError):
            telemetry_path(text)


def test_reads_standard_input_and_fifos(tmp_path):
    """As they come, without spinning while they are quiet; the end of one is not that of all."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    models = [
        {"name": "stdin", "paths": ["-"]},
        {"name": "bot", "paths": [str(tmp_path / "*.log"), str(fifo)]},
    ]
    port = free_port()
    config = configure(tmp_path, models=models)
    process = subprocess.Popen(
        [*COMMAND, "run", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

    def value(name: str) -> float:
        try:
            text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        except requests.ConnectionError:
            return -1.0
        lines = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(lines[0].split()[1]) if lines else -1.0

    try:
        process.stdin.write((LINE * 3 + LINE[:9]).encode())
        process.stdin.flush()
        wait_until(lambda: value('modeltail_lines_total{source="stdin"}') == 3)
        append(fifo, LINE * 2)
        append(tmp_path / "a.log", LINE)
        wait_until(lambda: value('modeltail_lines_total{source="bot"}') == 3)
        append(fifo, LINE)
        wait_until(lambda: value('modeltail_lines_total{source="bot"}') == 4)
        assert value('modeltail_source_up{source="stdin"}') == 1
        process.stdin.write(LINE[9:].strip().encode())
        process.stdin.close()
        wait_until(lambda: value('modeltail_lines_total{source="stdin"}') == 4)
        wait_until(lambda: value('modeltail_source_up{source="stdin"}') == 0)
        assert value('modeltail_ingest_lag_seconds{source="stdin"}') == 0
        before = psutil.Process(process.pid).cpu_times()
        threading.Event().wait(1.0)
        after = psutil.Process(process.pid).cpu_times()
        assert after.user + after.system - before.user - before.system < 0.5
    finally:
        process.terminate()
        assert process.wait(5) == 0
