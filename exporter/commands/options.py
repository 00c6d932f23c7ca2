"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from exporter.monitors import names


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Add ``--config.file``."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        required=True,
        metavar="FILE",
        help="the configuration, YAML",
    )


def add_monitor_switches(parser: argparse.ArgumentParser) -> None:
    """Add ``--no-monitor.NAME`` for each monitor."""
    for name in names.ALL:
        parser.add_argument(
            f"--no-monitor.{name}",
            dest="without",
            action="append_const",
            const=name,
            default=[],
            help=argparse.SUPPRESS,
        )
    parser.epilog = "Monitors to leave out: " + ", ".join(f"--no-monitor.{n}" for n in names.ALL)
