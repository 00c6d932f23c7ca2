"""Runs the demo: ``python -m demo``, or ``python -m demo --once`` to see it prove itself.

Exit codes: 0 ended by Ctrl-C, or with ``--once`` everything delivered; 1 something failed, or with
``--once`` not everything was delivered in time; 2 bad usage; 3 with ``--once``: incomplete, since
Prometheus or Alertmanager is missing, so that there was nobody to fire and deliver alerts.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

from rich.console import Console

from demo import stack
from demo.programs import ProgramError
from demo.session import Options, Session

EXIT_FAILED = 1
EXIT_INCOMPLETE = 3
_WITHOUT_SERVERS_SECONDS = 20.0
"""How long a run with --once looks at the exporter where it can't wait for alerts."""


def main() -> int:
    """Run the demo and return its exit code."""
    arguments = _parser().parse_args()
    console = Console(soft_wrap=False)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    servers = stack.find_servers()
    if isinstance(servers, list):
        _explain(console, servers)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=arguments.directory.resolve()))
    try:
        return _run(arguments, servers, directory, console, stop)
    finally:
        if arguments.keep:
            console.print(f"kept: {directory}", highlight=False, soft_wrap=True)
        else:
            shutil.rmtree(directory)
            with contextlib.suppress(OSError):  # Not empty: somebody keeps runs there.
                arguments.directory.rmdir()


def _run(
    arguments: argparse.Namespace,
    servers: stack.Servers | list[str],
    directory: Path,
    console: Console,
    stop: threading.Event,
) -> int:
    found = servers if isinstance(servers, stack.Servers) else None
    calm = arguments.calm or (20.0 if arguments.once else 30.0)
    deadline = arguments.deadline if found else min(arguments.deadline, _WITHOUT_SERVERS_SECONDS)
    options = Options(arguments.once, deadline, calm, arguments.rate)
    session = Session(options, directory, found, console, stop)
    try:
        session.run()
    except ProgramError as error:
        # Ctrl-C on a terminal also reaches the command that prepares something just then.
        if not stop.is_set():
            console.print(f"demo: {error}", style="bold red", markup=False, highlight=False)
            return EXIT_FAILED
    if not arguments.once:
        return 0
    for line in session.verdict.lines():
        console.print(line, highlight=False)
    if session.verdict.complete:
        console.print("verdict: everything was delivered", style="bold green")
        return 0
    if found is None:
        console.print("verdict: incomplete, no alert can fire without the servers", style="bold")
        return EXIT_INCOMPLETE
    reason = "stopped" if stop.is_set() else f"not everything delivered within {deadline:g} s"
    console.print(f"verdict: failed, {reason}", style="bold red")
    return EXIT_FAILED


def _explain(console: Console, missing: list[str]) -> None:
    console.print(
        f"{' and '.join(missing)} can't be found on PATH, so no rule is evaluated and nobody is "
        "notified: the exporter, the model and the syslog run by themselves.\n"
        "Debian and Ubuntu, as root: scripts/servers.sh. Elsewhere, with everything and Grafana: "
        "docker compose up",
        highlight=False,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="A real model whose input goes bad, a real syslog with an incident, and all "
        "that happens from the log line to the notification.",
    )
    parser.add_argument(
        "--once", action="store_true", help="end as soon as every kind of alert was delivered"
    )
    parser.add_argument(
        "--deadline", type=_positive, default=150.0, help="seconds that --once may take (150)"
    )
    parser.add_argument(
        "--calm", type=_positive, help="seconds before things go wrong (30; with --once 20)"
    )
    parser.add_argument("--rate", type=_positive, default=50.0, help="predictions a second (50)")
    parser.add_argument(
        "--directory", type=Path, default=Path(".demo"), help="where runs are written (.demo)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the files of the run")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
