from __future__ import annotations

import os
import time

import pytest
from prometheus_client import CollectorRegistry

from exporter import config
from exporter.assembly import assemble
from exporter.errors import UsageError
from exporter.exposition.collector import PublishedCollector
from exporter.pipeline import Pipeline
from exporter.storage.store import Store
from tests.servers.real import RealServer

CONFIGURATION = """
models:
  - {{name: other, paths: [other.jsonl]}}
  - {{name: bot, paths: [bot.jsonl], server: {server}}}
"""
TICKS = 0.05
"""The system counts in hundredths of a second, for each process."""


class Exporter:
    """An exporter without its web server, that looks at model servers when it is told to."""

    def __init__(self, folder, server, without=()):
        path = folder / "modeltail.yml"
        path.write_text(CONFIGURATION.format(server=server))
        self.parts = assemble(config.load(path), replay=False, without=without)
        self._collector = PublishedCollector(self.parts.isolation, time.time, None, 0.0)
        self.pipeline = Pipeline(
            self.parts.sources,
            self.parts.groups,
            self.parts.isolation,
            self.parts.budget,
            Store(folder / "storage", "damaged"),
            self._collector.publish,
            time.time,
        )
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)

    def look(self):
        """Look as if it were time to, and list all processes."""
        for server in self.parts.servers._servers:
            server.due = server.listed = float("-inf")
        self.parts.servers.once()

    def value(self, name, **labels):
        """Return the value of a series after the next snapshot, ``None`` if it is absent."""
        self.pipeline.checkpoint_and_publish()
        return self._registry.get_sample_value(f"model_server_{name}", {"model": "bot", **labels})

    def seen(self, *names):
        """Look, and return the values of some series."""
        self.look()
        return tuple(self.value(name) for name in names)


@pytest.fixture
def exporters(tmp_path):
    """Return a function that starts an exporter where the one before it ended."""
    made = []

    def start(server, **options):
        if made:
            made[-1].pipeline.close()
        made.append(Exporter(tmp_path, server, **options))
        return made[-1]

    yield start
    made[-1].pipeline.close()


@pytest.fixture
def servers():
    """Return a function that starts a real server."""
    made = []

    def start(*arguments, **options):
        made.append(RealServer(*arguments, **options))
        return made[-1]

    yield start
    for server in made:
        server.close()


def test_a_life_with_workers_that_die(tmp_path, servers, exporters):
    """Every second that all of them used counts once, over restarts of both sides."""
    server, path = servers("a-life"), tmp_path / "server.pid"
    path.write_text(str(server.pid))
    exporter = exporters("{pid_file: server.pid}")
    assert exporter.seen("up", "processes", "restarts_total") == (1, 3, 0)
    assert exporter.value("cpu_seconds_total") == pytest.approx(server.cpu_seconds(), abs=TICKS)
    assert exporter.value("up") == 1
    server.kill_worker()
    assert exporter.seen("up", "processes", "restarts_total") == (1, 3, 0)
    assert exporter.value("cpu_seconds_total") == pytest.approx(server.cpu_seconds(), abs=TICKS)

    # The exporter is down while another worker dies.
    exporter.pipeline.finish()
    counted = exporter.value("cpu_seconds_total")
    server.kill_worker()
    exporter = exporters("{pid_file: server.pid}")
    assert exporter.value("cpu_seconds_total") == counted
    assert exporter.value("up") is None
    assert exporter.seen("up", "processes", "restarts_total") == (1, 3, 0)
    used = server.cpu_seconds()
    assert exporter.value("cpu_seconds_total") == pytest.approx(used, abs=TICKS)

    server.close()
    assert exporter.seen("up", "processes", "threads") == (0, None, None)
    counted = exporter.value("cpu_seconds_total")
    assert counted == pytest.approx(used, abs=TICKS)
    assert exporter.value("sample_errors_total", reason="not_running") == 1
    again = servers("a-life", workers=1)
    path.write_text(str(again.pid))
    assert exporter.seen("up", "processes", "restarts_total") == (1, 2, 1)
    assert exporter.value("cpu_seconds_total") == pytest.approx(
        counted + again.cpu_seconds(), abs=TICKS
    )


def test_by_its_command_line(servers, exporters):
    """Main process and workers have the same one; each counts once."""
    one, two = servers("by-command", workers=1), servers("by-command", workers=3)
    servers("another", workers=1)
    exporter = exporters("{command: ' by-command [0-9]'}")
    assert exporter.seen("up", "processes", "start_time_seconds")[:2] == (1, 6)
    assert exporter.value("cpu_seconds_total") == pytest.approx(
        one.cpu_seconds() + two.cpu_seconds(), abs=TICKS
    )
    one.close()
    assert exporter.seen("up", "processes", "restarts_total") == (1, 4, 0)
    servers("by-command", workers=2)
    assert exporter.seen("up", "processes", "restarts_total") == (1, 7, 1)


def test_a_pid_file_of_somebody_else(tmp_path, servers, exporters):
    """It was written before its process began: the number has come to another program."""
    server, path = servers("stale", workers=0), tmp_path / "server.pid"
    path.write_text(str(server.pid))
    os.utime(path, (1000, 1000))
    exporter = exporters("{pid_file: server.pid}")
    assert exporter.seen("up", "processes") == (0, None)
    assert exporter.value("sample_errors_total", reason="pid_file_stale") == 1


def test_other_models_have_no_series(exporters):
    """Nor does anybody look for their servers."""
    exporter = exporters("{pid_file: none}")
    assert exporter.seen("up") == (0,)
    assert exporter.value("up", model="other") is None
    assert exporter.value("restarts_total", model="other") is None


def test_the_monitor_can_be_left_out(exporters):
    """Then nobody looks."""
    exporter = exporters("{pid_file: none}", without=["server"])
    assert exporter.seen("up", "restarts_total") == (None, None)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("{}", "server: expected one of pid_file and command, got none"),
        ("{pid_file: a, command: b}", "expected one of pid_file and command, got both"),
        ("{command: 'a('}", "server.command: is no regular expression of Python"),
        ("{command: '.*'}", "matches an empty text, thus every process"),
        ("{pidfile: a}", "unknown key; did you mean pid_file"),
        ("{pid_file: a, check_every: 5}", "a duration needs a unit"),
    ],
)
def test_mistakes_are_told(tmp_path, server, message):
    """With the file, and what is wrong."""
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        Exporter(tmp_path, server)
