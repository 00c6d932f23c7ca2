"""All at once for long: rotations, bad lines, scrapes, reloads; counts are exact, memory flat.

A few seconds in `make test`, half an hour in `make soak`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import psutil
import pytest
import requests

from tests.commands.exporter_process import running
from tests.faults.logging_service import LoggingService, differences
from tests.faults.observer import Observer
from tests.faults.test_kill import compare, live
from tests.faults.test_reload_storm import another

SECONDS = float(os.environ.get("MODELTAIL_SOAK_SECONDS", "15"))
SEED = int(os.environ.get("MODELTAIL_SEED", "20261122"))
MOST_GROWTH_MEBIBYTES = 24
"""From a third of the time on."""

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120 + 2 * SECONDS)]


def test_counts_are_exact_and_memory_is_flat(tmp_path):
    """However long it runs."""
    chance = random.Random(SEED)
    service = LoggingService(tmp_path, ("rename", "copytruncate"), SEED)
    observer, sizes, number = Observer(), [], 0
    another(tmp_path, chance, 0)
    try:
        service.tell("go")
        with running(tmp_path / "modeltail.yml") as exporter:
            process = psutil.Process(exporter.pid)
            begun = time.monotonic()
            while (gone := time.monotonic() - begun) < SECONDS:
                live(exporter, observer, 1.0)
                for path in ("/", "/api/v1/status", "/api/v1/models"):
                    assert requests.get(exporter.url + path, timeout=10).status_code == 200
                number += 1
                good = another(tmp_path, chance, number)
                answer = requests.post(f"{exporter.url}/-/reload", timeout=20)
                assert (answer.status_code == 200) == good, answer.text
                if number % 10 == 9:
                    # Whatever is removed before it was read is lost, on a busy machine.
                    compare(exporter, observer, service.tell("pause"))
                    service.tell("prune")
                    service.tell("go")
                sizes.append((gone, process.memory_info().rss / 2**20))
            truth = service.end()
            compare(exporter, observer, truth)
            # What rotation holds back is counted by then too.
            live(exporter, observer, 6.0)
            assert differences(truth, observer.scrape(exporter)) == {}
            assert exporter.send(signal.SIGTERM) == 0
        settled = [size for gone, size in sizes if gone > SECONDS / 3]
        assert max(settled) - settled[0] < MOST_GROWTH_MEBIBYTES, sizes
        assert observer.fell == []
        assert observer.unbalanced == []
        assert "Traceback" not in exporter.log.read_text()
        # For whoever runs it with -s.
        sys.stdout.write(f"\n{truth.lines} lines, {number} reloads; MB: {sizes}\n")
    finally:
        service.close()
