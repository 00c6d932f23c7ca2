"""Record the bundled syslog anew: ``sudo python -m demo.record_syslog [DIRECTORY]``.

Needs Linux, root, `unshare`, and a Debian or Ubuntu mirror. Everything happens in a sandbox (see
:mod:`demo.recording.sandbox`): nothing is installed, started or changed outside it. Takes about
seven minutes, for cron works by the clock.

Writes `syslog.train.log` (normal work), `syslog.live.log` (normal work with an incident in its
middle) and `syslog.live.json` (between which lines the incident lies, counted from 0).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from demo.recording import host, incident, sandbox
from demo.recording.work import Work

TRAIN_LINES = 2600
CALM_LINES = 700
"""Of the live file, before the incident."""
AFTERMATH_LINES = 500
LONGEST_SECONDS = 900.0
"""Of each part, should the daemons be slow."""

_MODULE = "demo.record_syslog"
_DATA = Path(__file__).parent / "data"


def main() -> int:
    """Run the stage that the command line names; without one, all of them."""
    parser = argparse.ArgumentParser(
        description="Record the bundled syslog from real daemons in a sandbox. Needs root."
    )
    parser.add_argument("directory", nargs="?", type=Path, default=_DATA, help="where to write")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the lines, to try a change quickly"
    )
    parser.add_argument("--stage", choices=("host", "record"), help=argparse.SUPPRESS)
    parser.add_argument("--mounts", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    scale = ("--scale", str(arguments.scale))
    if arguments.stage == "record":
        record(arguments.scale)
    elif arguments.stage == "host":
        root = sandbox.build(arguments.mounts)
        sandbox.run_inside(root, _MODULE, "--stage", "record", *scale)
        sandbox.take_recording(root, arguments.directory)
    elif os.geteuid() != 0 or sys.platform != "linux":
        print("record_syslog: needs Linux and root, for a sandbox of its own", file=sys.stderr)
        return 2
    else:
        # Empty again as soon as the stages are over, since their mounts end with them.
        mounts = tempfile.mkdtemp()
        stage = ("--stage", "host", "--mounts", mounts, *scale)
        try:
            sandbox.in_private_mounts(_MODULE, *stage, str(arguments.directory.resolve()))
        finally:
            Path(mounts).rmdir()
    return 0


def record(scale: float) -> None:
    """Make the host and record both files; runs inside the sandbox."""
    host.make()
    host.start()
    time.sleep(5)
    Work(seed=1).until(int(scale * TRAIN_LINES), LONGEST_SECONDS)
    host.take("syslog.train.log")
    work = Work(seed=2)
    work.until(int(scale * CALM_LINES), LONGEST_SECONDS)
    first = host.recorded_lines()
    incident.strike(work, seed=3)
    last = host.recorded_lines()
    work.until(last + int(scale * AFTERMATH_LINES), LONGEST_SECONDS)
    host.take("syslog.live.log")
    lines = {"incident_first_line": first, "incident_last_line": last - 1}
    host.LOG.with_name("syslog.live.json").write_text(json.dumps(lines) + "\n", encoding="utf-8")
    host.LOG.unlink()


if __name__ == "__main__":
    sys.exit(main())
