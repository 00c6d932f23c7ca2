"""``modeltail backfill``: logs of the past as what Prometheus would have scraped at the time."""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.options import add_config_file, add_monitor_switches
from exporter.commands.streams import Streams
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

_LABEL = re.compile(r"([a-zA-Z_]\w*)=(.*)", re.ASCII | re.DOTALL)


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "backfill",
        help="write the past as OpenMetrics, for promtool",
        description="Read every source once, and write what Prometheus would have scraped while "
        "the logs were written, for: promtool tsdb create-blocks-from openmetrics OUT.om DIR",
    )
    add_config_file(parser)
    parser.add_argument("-o", dest="output", type=Path, required=True, metavar="OUT.om")
    parser.add_argument("--interval", default="1m", help="from scrape to scrape (default: 1m)")
    parser.add_argument(
        "--label",
        dest="labels",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the target, such as job=modeltail; may be repeated",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if there is one")
    add_monitor_switches(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Write the file, whole or not at all."""
    # Imported here: `modeltail --help` needs none of it.
    from exporter import config  # noqa: PLC0415
    from exporter.assembly import assemble  # noqa: PLC0415
    from exporter.backfill.replay import Replay  # noqa: PLC0415
    from exporter.backfill.sample_table import SampleTable  # noqa: PLC0415
    from exporter.backfill.spool import Spool  # noqa: PLC0415
    from exporter.config.quantities import duration_seconds  # noqa: PLC0415
    from exporter.tailing.opening import raise_descriptor_limit  # noqa: PLC0415

    output: Path = arguments.output
    labels = dict(map(_label, arguments.labels))
    try:
        interval = duration_seconds(arguments.interval)
    except ValueError as error:
        raise UsageError(f"--interval: {error}") from error
    if output.exists() and not arguments.force:
        raise UsageError(f"{output}: exists already; --force replaces it")
    raise_descriptor_limit()
    configuration = config.load(arguments.config_file)
    parts = assemble(configuration, replay=True, without=arguments.without)
    try:
        # Beside the output: there is the room that the output itself takes.
        with (
            tempfile.TemporaryDirectory(prefix=".backfill-", dir=output.parent) as folder,
            (Path(folder) / "records").open("w+b") as records,
        ):
            replay = Replay(parts, configuration.windows, interval, Spool(records, interval))
            with streams.progress("reading") as progress:
                replay.read(time.time(), progress.advance)
            table = SampleTable(Path(folder) / "samples", labels)
            scrapes = len(replay.scrapes)
            with streams.progress("counting", total=scrapes, unit="scrapes") as progress:
                replay.write(table, progress.advance)
            whole = Path(folder) / "whole"
            with whole.open("w", encoding="utf-8") as file:
                file.writelines(table.text())
            table.close()
            if arguments.force:
                whole.replace(output)
            else:
                # Unlike a rename this fails if somebody has made the file meanwhile.
                output.hardlink_to(whole)
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}") from error
    print(f"{table.samples:,} samples of {scrapes:,} scrapes", file=streams.err)
    return 0


def _label(text: str) -> tuple[str, str]:
    found = _LABEL.fullmatch(text)
    if found is None or found[1].startswith("__"):
        raise UsageError(f"--label {text}: must be NAME=VALUE")
    return found[1], found[2]
