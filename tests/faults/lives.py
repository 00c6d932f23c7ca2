"""An exporter that is killed again and again while its logs grow."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.commands.exporter_process import ExporterProcess, free_port, wait_until
from tests.faults.observer import Observer

LONGEST_LIFE = 0.8


class Lives:
    """The lives of one exporter, and what was seen of them.

    Parameters
    ----------
    config
        Its configuration.
    chance
        Decides how long it lives on.
    """

    def __init__(self, config: Path, chance: random.Random) -> None:
        self._config = config
        self._chance = chance
        self._port = free_port()
        self._observer = Observer()
        self._pause = threading.Event()
        self._number = 0

    def live(self, writing: Iterator[None]) -> None:
        """Start it, look at it at every step of the writing, and kill it some time after."""
        exporter = ExporterProcess(self._config, self._port)
        try:
            # Now and then it is killed before it is ready.
            if self._number % 3:
                exporter.ready()
            for _ in writing:
                self._observer.scrape(exporter)
            self._pause.wait(self._chance.uniform(0.0, LONGEST_LIFE))
            assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
        finally:
            exporter.close()
        self._number += 1

    def shows_in_the_end(
        self, source: str, lines: int, truth: Mapping[tuple[str, ...], float]
    ) -> None:
        """Start it once more, let it read so many lines, and compare what it shows."""
        shown: dict[tuple[str, ...], float] = {}
        exporter = ExporterProcess(self._config, self._port).ready()

        def read() -> bool:
            shown.update(self._observer.scrape(exporter))
            return shown[("modeltail_lines_total", source)] >= lines

        try:
            wait_until(read)
            assert {series: shown.get(series) for series in truth} == truth
            assert self._observer.fell == []
            assert self._observer.unbalanced == []
            assert exporter.send(signal.SIGTERM) == 0
        finally:
            exporter.close()
        assert "Traceback" not in exporter.log.read_text()
