"""The command line: one subcommand a file, each imported when it is used."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import resource
import sys
from collections.abc import Sequence
from typing import NoReturn

from exporter import __version__
from exporter.commands import (
    backfill,
    check,
    completion,
    config,
    init,
    record,
    reference,
    registry,
    rules,
    run,
    scan,
    syslog,
)
from exporter.commands.streams import Streams
from exporter.errors import UsageError

COMMANDS = (
    run,
    scan,
    check,
    init,
    reference,
    registry,
    syslog,
    rules,
    config,
    record,
    backfill,
    completion,
)
EXIT_USAGE = 2

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 8 << 20


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="modeltail",
        description="Prometheus exporter that turns the logs of machine-learning models, and of "
        "the machines they run on, into metrics, statistics and alerts.",
        epilog="Exit codes: 0 fine, 1 a check found something, 2 bad usage or configuration.",
    )
    whole.add_argument("--version", action="version", version=f"modeltail {__version__}")
    subparsers = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return whole


def execute(arguments: Sequence[str], streams: Streams) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options, streams)
    except UsageError as error:
        for line in str(error).splitlines():
            print(f"modeltail: {line}", file=streams.err)
        return EXIT_USAGE
    return code


def _keep_freed_memory() -> None:
    """Let glibc keep what blocks of lines have freed, and not return it after each block.

    The kernel would clear the pages anew for the next block, which takes a tenth of the time.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        for parameter in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            libc.mallopt(parameter, _KEPT_BYTES)


def main() -> NoReturn:
    """Run the command that the process was started with."""
    # A block of lines is tens of thousands of tuples that live and die together. Looking for cycles
    # among them after every 700, as Python does by default, takes a fifth of the time.
    gc.set_threshold(100_000, 20, 100)
    _keep_freed_memory()
    # A followed file keeps a descriptor, and the usual soft limit of 1,024 is only there for
    # programs that call select(2).
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        code = execute(sys.argv[1:], Streams.standard())
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
