"""``modeltail scan``: read every source once to its end and print the exposition."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

from exporter.commands.options import add_config_file, add_monitor_switches
from exporter.commands.printable import printable
from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from prometheus_client import CollectorRegistry


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "scan",
        help="read every source once to its end, print the metrics, exit",
        description="Read every source once to its end, print the metrics, exit. Windows end at "
        "the latest event of their model. Nothing is kept.",
    )
    add_config_file(parser)
    parser.add_argument(
        "--format",
        choices=("text", "openmetrics", "json"),
        default="text",
        help="the Prometheus text format (default), OpenMetrics, or one JSON object a series",
    )
    add_monitor_switches(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print the exposition of everything the sources hold."""
    # Imported here: `modeltail --help` needs none of it.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    from exporter import config  # noqa: PLC0415
    from exporter.assembly import assemble  # noqa: PLC0415
    from exporter.exposition.collector import PublishedCollector  # noqa: PLC0415
    from exporter.pipeline import Pipeline  # noqa: PLC0415
    from exporter.tailing.opening import raise_descriptor_limit  # noqa: PLC0415

    raise_descriptor_limit()
    configuration = config.load(arguments.config_file)
    parts = assemble(configuration, replay=True, without=arguments.without)
    collector = PublishedCollector(
        parts.isolation, clock=time.time, timer=None, config_loaded_at=time.time()
    )
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        store=None,
        publish=collector.publish,
        clock=time.time,
        windows_end=parts.windows_end,
    )
    with streams.progress("reading") as progress:
        pipeline.drain(progress.advance)
        for looks in parts.looks:
            looks.once()
    pipeline.checkpoint_and_publish()
    registry = CollectorRegistry()
    registry.register(collector)
    shown = _rendered(registry, arguments.format)
    if streams.out.isatty():
        # A program gets label values as they are; a terminal would do what they say.
        shown = "".join(f"{printable(line)}\n" for line in shown.split("\n")[:-1])
    streams.out.write(shown)
    pipeline.close()
    return 0


def _rendered(registry: CollectorRegistry, style: str) -> str:
    if style == "json":
        return "".join(
            json.dumps(_series(sample), ensure_ascii=False) + "\n"
            for family in registry.collect()
            for sample in family.samples
        )
    if style == "openmetrics":
        from prometheus_client.openmetrics.exposition import (  # noqa: PLC0415
            generate_latest as generate_openmetrics,
        )

        return str(generate_openmetrics(registry), "utf-8")  # type: ignore[no-untyped-call]
    from prometheus_client import generate_latest  # noqa: PLC0415

    return generate_latest(registry).decode()


def _series(sample: Any) -> dict[str, Any]:
    return {"name": sample.name, "labels": sample.labels, "value": sample.value}
