"""``modeltail run``: the exporter."""

from __future__ import annotations

import argparse
import ipaddress
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.options import add_config_file, add_monitor_switches
from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.pipeline import Snapshot

LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_ADDRESS = ("", 9877)


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="the exporter: follow the logs and serve the metrics",
        description="Follow the logs and serve the metrics until SIGTERM or Ctrl-C. SIGHUP, or a "
        "POST to /-/reload, has it read its configuration anew.",
    )
    add_config_file(parser)
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        type=listen_address,
        action="append",
        metavar="[HOST]:PORT",
        help="where to listen; may be repeated (default: :9877)",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=telemetry_path,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default: /metrics)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=Path,
        metavar="FILE",
        help="TLS, users, headers and rate limit, in the format of exporter-toolkit; read anew "
        "when it or a certificate changes",
    )
    parser.add_argument(
        "--web.log-requests",
        dest="log_requests",
        action="store_true",
        help="log every request: method, path, status, bytes, seconds, address of the client",
    )
    parser.add_argument(
        "--storage.path",
        dest="storage_path",
        type=Path,
        metavar="DIR",
        help="directory of the checkpoint; overrides storage.path of the configuration",
    )
    parser.add_argument(
        "--log.level", dest="log_level", choices=LOG_LEVELS, default="info", help="(default: info)"
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=("logfmt", "json"),
        default="logfmt",
        help="(default: logfmt)",
    )
    add_monitor_switches(parser)
    parser.set_defaults(run=run)


def listen_address(text: str) -> tuple[str, int]:
    """Parse ``[HOST]:PORT``; an IPv6 address stands in brackets.

    >>> listen_address("[::1]:9877")
    ('::1', 9877)

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no address; expected [HOST]:PORT")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{host!r} is no IPv6 address") from error
    return host, int(port)


def telemetry_path(text: str) -> str:
    """Parse the path of the metrics.

    Raises
    ------
    argparse.ArgumentTypeError
        If it does not begin with a slash, or holds what a route gives a meaning to.
    """
    if not text.startswith("/") or set(text) & set("{}?#"):
        raise argparse.ArgumentTypeError(f"{text!r} is no path; expected for example /metrics")
    return text


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Serve until stopped."""
    # Imported here: `modeltail --help` needs none of it.
    from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415

    from exporter import logs  # noqa: PLC0415
    from exporter.construction import FromFile  # noqa: PLC0415
    from exporter.exposition import serving, web  # noqa: PLC0415
    from exporter.exposition.anomaly_log import AnomalyLog  # noqa: PLC0415
    from exporter.exposition.collector import PublishedCollector  # noqa: PLC0415
    from exporter.ingestion import Ingestion  # noqa: PLC0415
    from exporter.monitors.isolation import Isolation  # noqa: PLC0415
    from exporter.reloading import InForce, Reloading  # noqa: PLC0415
    from exporter.storage.store import Store  # noqa: PLC0415
    from exporter.tailing.opening import raise_descriptor_limit  # noqa: PLC0415
    from exporter.web_config.file import WebConfigFile  # noqa: PLC0415

    logs.configure(arguments.log_level, arguments.log_format, streams.err)
    raise_descriptor_limit()
    isolation = Isolation()
    collector = PublishedCollector(isolation, time.time, time.perf_counter, time.time())
    anomaly_log = AnomalyLog(collector)

    def publish(snapshot: Snapshot) -> None:
        collector.publish(snapshot)
        anomaly_log.write()

    def configured(now: InForce) -> None:
        collector.configured(now.loaded_at, reload_successful=now.successful)

    construction = FromFile(
        arguments.config_file, arguments.storage_path, arguments.without, isolation, publish
    )
    web_config = None if arguments.web_config is None else WebConfigFile(arguments.web_config)
    configuration, in_force_at = construction.read(), time.time()
    parts = construction.assemble(configuration)
    storage_path = configuration.storage.path
    # Bound before storage is touched: an address in use must not leave a lock behind.
    listeners = serving.bind_all(arguments.listen_address or [DEFAULT_ADDRESS])
    store = None if storage_path is None else Store(storage_path, time.strftime("%Y%m%dT%H%M%S"))
    in_force = InForce(configuration, in_force_at)
    reloading = Reloading(construction, in_force, parts, store, time.time, configured)
    ingestion = Ingestion(
        construction.pipeline(configuration, parts, store), construction.waker(configuration)
    )
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    reload = partial(reloading.reload, ingestion)
    application = web.application(
        registry,
        collector,
        time.time,
        arguments.telemetry_path,
        reload,
        lambda: reloading.in_force.configuration,
        None if web_config is None else web_config.current,
        log_requests=arguments.log_requests,
    )
    reloading.start()
    try:
        # Without ingestion the process must end, and say why, so that it is restarted.
        serving.serve(application, listeners, ingestion.start, reload, web_config)
    finally:
        reloading.stop()
        ingestion.stop()
    if ingestion.error is not None:
        raise ingestion.error
    return 0
