"""The logs of the demo alone, over and over: what `docker compose --profile demo` follows.

    python -m demo.logs --directory DIRECTORY

A model of handwritten digits logs its predictions and gets worse now and then; a recorded syslog is
replayed as if it happened now. Nothing else is started.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from demo.digits import DigitModel
from demo.model_service import SEED, serve
from demo.noise import NoiseSchedule
from demo.replay import Replay
from demo.session import endless_syslog


def write(directory: Path, rate: float, calm: float, stop: threading.Event) -> None:
    """Append to `predictions.jsonl` and `syslog` of a directory until `stop` is set.

    Parameters
    ----------
    rate
        Predictions a second.
    calm
        Seconds before things go wrong for the first time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    replay = Replay(endless_syslog(), directory / "syslog", speed=1.0)
    replay.start()
    try:
        # As slow as the shipped rules, which are not in a time lapse here.
        schedule = NoiseSchedule(calm, rise=120.0, plateau=1800.0, repaired=3600.0)
        serve(DigitModel(SEED), directory / "predictions.jsonl", rate, schedule, stop)
    finally:
        replay.stop()


def main() -> int:
    """Write until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the logs are written")
    parser.add_argument("--rate", type=float, default=20.0, help="predictions a second")
    parser.add_argument("--calm", type=float, default=900.0, help="seconds before noise creeps in")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    write(arguments.directory, arguments.rate, arguments.calm, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
