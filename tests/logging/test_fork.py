"""Services fork their workers after the logger was made: gunicorn with --preload does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SERVICE = """
import os, sys, threading
from exporter.logging import PredictionLogger

log = PredictionLogger.to_file(sys.argv[1], arm="x" * 2000)
log.prediction(0, request_id="parent")
stop = threading.Event()

def busy():
    number = 0
    while not stop.is_set():
        log.prediction(number, request_id="busy")
        number += 1

# Its lock is held most of the time, by a thread that no child has.
thread = threading.Thread(target=busy)
thread.start()
children = []
for child in range(8):
    pid = os.fork()
    if not pid:
        for number in range(100):
            log.prediction(number, request_id=f"child {child}")
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
thread.join()
assert codes == [0] * 8, codes
"""


def test_forked_children_log_to_the_same_file(tmp_path):
    """No child hangs on a lock that nobody will release, no line is torn or lost."""
    path = tmp_path / "predictions.jsonl"
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", SERVICE]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([*command, str(path)], check=True, timeout=60, env=environment)
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = {}
    for event in events:
        found.setdefault(event["request_id"], []).append(event["prediction"])
    assert found.pop("parent") == [0]
    busy = found.pop("busy")
    assert busy == list(range(len(busy)))
    assert found == {f"child {child}": list(range(100)) for child in range(8)}
