"""A real exporter beside a real model server."""

from __future__ import annotations

import signal

import pytest

from tests.commands.exporter_process import configure, running, wait_until
from tests.servers.real import RealServer


@pytest.fixture
def server():
    """Return a real server of two workers."""
    made = RealServer("run-test")
    yield made
    made.close()


def configured(folder):
    """Write a configuration that looks at the server of a pid file often."""
    server = {"pid_file": "server.pid", "check_every": "100ms"}
    models = [{"name": "bot", "paths": ["app.log"], "server": server}]
    return configure(folder, models=models, publish_interval="100ms")


def test_kill_minus_nine_of_both(tmp_path, server):
    """Whatever is scraped, the CPU time never falls, and each second of it counts once."""
    path = tmp_path / "server.pid"
    path.write_text(f"{server.pid}\n")
    config = configured(tmp_path)
    counted = [0.0]

    def shown(exporter, name):
        seen = exporter.scrape()
        counter = seen.get(("model_server_cpu_seconds_total", "bot"))
        if counter is not None:
            assert counter >= counted[-1]
            counted.append(counter)
        return seen.get((f"model_server_{name}", "bot"))

    with running(config) as exporter:
        wait_until(lambda: shown(exporter, "up") == 1)
        assert shown(exporter, "processes") == 3
        assert shown(exporter, "resident_memory_bytes") > 3e6
        wait_until(lambda: shown(exporter, "up") and counted[-1] >= server.cpu_seconds() - 0.05)
        server.kill_worker()
        wait_until(lambda: shown(exporter, "up") and counted[-1] >= server.cpu_seconds() - 0.05)
        exporter.send(signal.SIGKILL)
    server.kill_worker()
    used = server.cpu_seconds()
    with running(config) as exporter:
        wait_until(lambda: shown(exporter, "up") == 1)
        wait_until(lambda: shown(exporter, "up") and counted[-1] >= used - 0.05)
        assert counted[-1] <= server.cpu_seconds() + 0.05
        server.close()
        wait_until(lambda: shown(exporter, "up") == 0)
        assert shown(exporter, "processes") is None
        after = counted[-1]
        again = RealServer("run-test", workers=1)
        try:
            path.write_text(f"{again.pid}\n")
            wait_until(lambda: shown(exporter, "restarts_total") == 1)
            wait_until(
                lambda: shown(exporter, "up") and counted[-1] >= after + again.cpu_seconds() - 0.05
            )
            assert counted[-1] <= after + again.cpu_seconds() + 0.05
        finally:
            again.close()
    assert "Traceback" not in exporter.log.read_text()
