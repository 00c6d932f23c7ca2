"""`kill -9` at random points while a service writes and rotates: every line counts once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commands.exporter_process import ExporterProcess, configure, free_port, wait_until
from tests.faults.logging_service import LoggingService, Truth, differences
from tests.faults.observer import PER_PROCESS, Observer
from tests.faults.prometheus_process import PrometheusProcess, RawSeries

KILLS = int(os.environ.get("MODELTAIL_KILLS", "8"))
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))
WAYS = ("rename", "copytruncate")
ROTATE_WAIT = 1.0
SECONDS_PER_KILL = 20
LONGEST_LIFE = 1.3

pytestmark = [
    pytest.mark.end_to_end,
    # One process of several that run tests has them all: the run is made once.
    pytest.mark.xdist_group("kill"),
    pytest.mark.timeout(60 + SECONDS_PER_KILL * KILLS),
]

Difference = dict[tuple[str, ...], tuple[float, float]]


@dataclass
class Run:
    """What was seen while the exporter was killed again and again."""

    observer: Observer
    prometheus: PrometheusProcess
    truth: Truth = field(default_factory=Truth)
    checks: int = 0
    wrong: list[tuple[int, Difference]] = field(default_factory=list)
    exit_code: int | None = None
    log: str = ""


def live(exporter: ExporterProcess, observer: Observer, seconds: float) -> None:
    """Scrape for so long."""
    done = threading.Event()
    timer = threading.Timer(seconds, done.set)
    timer.start()
    while not done.wait(0.03):
        observer.scrape(exporter)
    timer.join()


def in_a_commit(storage: Path, delay: float) -> None:
    """Wait until something is written to the database, and then so many seconds."""
    log = storage / "modeltail.db-wal"

    def state() -> tuple[int, int]:
        with contextlib.suppress(FileNotFoundError):
            status = log.stat()
            return status.st_size, status.st_mtime_ns
        return 0, 0

    before, patience = state(), time.monotonic() + LONGEST_LIFE
    # Without a pause: a commit takes some milliseconds.
    while state() == before and time.monotonic() < patience:
        pass
    end = time.monotonic() + delay
    while time.monotonic() < end:
        pass


def on_showing_more(exporter: ExporterProcess, observer: Observer) -> None:
    """Wait until a scrape shows more than the one before."""
    lines = ("modeltail_lines_total", "bot")
    before, patience = observer.scrape(exporter).get(lines, 0.0), time.monotonic() + LONGEST_LIFE
    while observer.scrape(exporter).get(lines, 0.0) == before and time.monotonic() < patience:
        pass


def kill(exporter: ExporterProcess) -> None:
    """Give it no chance to do anything."""
    assert exporter.send(signal.SIGKILL) == -signal.SIGKILL, exporter.log.read_text()
    exporter.close()


def compare(exporter: ExporterProcess, observer: Observer, truth: Truth) -> Difference:
    """Wait until all was read that was written, and say what differs."""
    shown: dict[tuple[str, ...], float] = {}

    def caught_up() -> bool:
        shown.update(observer.scrape(exporter))
        return shown.get(("modeltail_lines_total", "bot"), 0.0) >= truth.lines

    # What does not come in time is said by what differs.
    with contextlib.suppress(AssertionError):
        wait_until(caught_up, within=15.0)
    return differences(truth, shown)


def settle(exporter: ExporterProcess, observer: Observer) -> None:
    """Wait until what rotation holds back would have been counted too."""
    until = time.time() + 3 * ROTATE_WAIT

    def later() -> bool:
        return observer.scrape(exporter)[("modeltail_snapshot_timestamp_seconds",)] > until

    wait_until(later)


def stay_away(service: LoggingService, rotations: int) -> None:
    """Wait until the log was rotated, compressed or both so often."""
    until = sum(service.tell("go").rotations.values()) + rotations
    wait_until(lambda: sum(service.tell("go").rotations.values()) >= until)


def kill_again_and_again(folder: Path, run: Run, port: int) -> None:
    """Start, compare with the writer paused, go on, and kill at any moment."""
    chance = random.Random(SEED)
    config = configure(folder, rotate_wait=f"{ROTATE_WAIT:g}s", publish_interval="200ms")
    service = LoggingService(folder, WAYS, SEED)
    try:
        service.tell("go")
        for number in range(KILLS):
            exporter = ExporterProcess(config, port)
            try:
                # One in four dies while it starts, reads what it missed, or commits it.
                if number % 4:
                    exporter.ready()
                    truth = service.tell("pause")
                    difference = compare(exporter, run.observer, truth)
                    run.checks += 1
                    if difference:
                        run.wrong.append((number, difference))
                        return
                    if number % 4 == 2:
                        service.tell("prune")
                    service.tell("go")
                live(exporter, run.observer, chance.uniform(0.0, LONGEST_LIFE))
                # Two in three at a moment that is worth it.
                if number % 3 == 1:
                    in_a_commit(folder / "storage", chance.uniform(0.0, 0.003))
                elif number % 3 == 2:
                    on_showing_more(exporter, run.observer)
                kill(exporter)
            finally:
                exporter.close()
            if number % 4 == 3:
                stay_away(service, chance.randint(1, 4))
        run.truth = service.end()
    finally:
        service.close()
    exporter = ExporterProcess(config, port).ready()
    try:
        compare(exporter, run.observer, run.truth)
        settle(exporter, run.observer)
        run.checks += 1
        if difference := compare(exporter, run.observer, run.truth):
            run.wrong.append((KILLS, difference))
        scraped = 'scrape_duration_seconds{job="modeltail"}'
        seen = time.time()
        wait_until(lambda: run.prometheus.raw(scraped)[0].timestamps[-1] > seen)
        run.exit_code = exporter.send(signal.SIGTERM)
    finally:
        exporter.close()
        run.log = exporter.log.read_text()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Do it once for all tests; Prometheus scrapes throughout."""
    folder = tmp_path_factory.mktemp("kill")
    port = free_port()
    prometheus = PrometheusProcess(folder / "prometheus", f"127.0.0.1:{port}")
    try:
        seen = Run(Observer(), prometheus.ready())
        kill_again_and_again(folder, seen, port)
        yield seen
    finally:
        prometheus.close()


@pytest.fixture(scope="module")
def stored(run: Run) -> dict[tuple[str, ...], RawSeries]:
    """Return all samples that Prometheus has of all counters that outlive a process."""
    counters = run.prometheus.counters()
    return {
        series.key: series
        for series in run.prometheus.raw('{job="modeltail"}')
        if series.name in counters and not series.name.startswith(PER_PROCESS)
    }


def test_after_each_restart_all_counters_are_the_truth(run):
    """By class, version and bucket; with the writer paused, so that there is one truth."""
    assert run.wrong == []
    assert run.checks == 1 + sum(1 for kill in range(KILLS) if kill % 4)


def test_the_log_was_rotated_in_every_way(run):
    """Otherwise the other tests would prove little."""
    assert run.truth.rotations.keys() == {*WAYS, "compress"}


def test_the_books_balance_at_every_scrape(run):
    """Lines read = parsed + rejected + skipped."""
    assert run.observer.unbalanced == []
    assert run.observer.scrapes > KILLS


def test_no_scrape_sees_a_counter_fall(run):
    """What is shown was committed before."""
    assert run.observer.fell == []


def test_it_ends_as_it_should(run):
    """Without an error that only its log would tell."""
    assert run.exit_code == 0
    assert "Traceback" not in run.log


def test_prometheus_stores_no_counter_that_falls(stored):
    """Raw samples of every counter and of every series of a histogram."""
    assert {series: samples.falls for series, samples in stored.items() if samples.falls} == {}
    names = {name for name, *_ in stored}
    assert {"model_predictions_total", "model_confidence_bucket", "modeltail_lines_total"} <= names


def test_prometheus_computes_no_increase_above_the_truth(run, stored):
    """Nor below: `increase()` over all restarts is what was written between first and last."""
    last = {series: samples.values[-1] for series, samples in stored.items()}
    assert differences(run.truth, last) == {}
    grown = {series: samples for series, samples in stored.items() if len(samples.values) > 1}
    rises = {series: run.prometheus.increase(samples) for series, samples in grown.items()}
    truth = {series: samples.values[-1] - samples.values[0] for series, samples in grown.items()}
    assert rises == pytest.approx(truth, abs=1e-6)
