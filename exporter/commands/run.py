"""``modeltail run``: the exporter."""

from __future__ import annotations

import argparse
import ipaddress
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.options import add_config_file, add_monitor_switches
from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.pipeline import Pipeline, Snapshot
    from exporter.tailing.watching import Waker

LOG_LEVELS = ("debug", "info", "warning", "error")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="the exporter: follow the logs and serve the metrics",
        description="Follow the logs and serve the metrics until SIGTERM or Ctrl-C.",
    )
    add_config_file(parser)
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        type=listen_address,
        default=("", 9877),
        metavar="[HOST]:PORT",
        help="where to listen (default: :9877)",
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
    import psutil  # noqa: PLC0415
    from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415

    from exporter import config, logs  # noqa: PLC0415
    from exporter.assembly import assemble  # noqa: PLC0415
    from exporter.exposition import serving, web  # noqa: PLC0415
    from exporter.exposition.anomaly_log import AnomalyLog  # noqa: PLC0415
    from exporter.exposition.collector import PublishedCollector  # noqa: PLC0415
    from exporter.pipeline import Pipeline  # noqa: PLC0415
    from exporter.storage.store import Store  # noqa: PLC0415
    from exporter.storage.worker import InBackground  # noqa: PLC0415
    from exporter.tailing import watching  # noqa: PLC0415
    from exporter.tailing.opening import raise_descriptor_limit  # noqa: PLC0415

    logs.configure(arguments.log_level, arguments.log_format, streams.err)
    raise_descriptor_limit()
    configuration = config.load(arguments.config_file)
    if arguments.storage_path is not None:
        storage = config.Storage(path=arguments.storage_path)
        configuration = configuration.model_copy(update={"storage": storage})
    loaded_at = time.time()
    parts = assemble(configuration, replay=False, without=arguments.without)
    storage_path = configuration.storage.path
    # Bound before storage is touched: an address in use must not leave a lock behind.
    listener = serving.bind(*arguments.listen_address)
    store = None if storage_path is None else Store(storage_path, time.strftime("%Y%m%dT%H%M%S"))
    collector = PublishedCollector(parts.isolation, time.time, time.perf_counter, loaded_at)
    anomaly_log = AnomalyLog(collector)

    def publish(snapshot: Snapshot) -> None:
        collector.publish(snapshot)
        anomaly_log.write()

    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        store,
        publish,
        time.time,
        memory_limit=configuration.limits.memory,
        resident_bytes=lambda: int(psutil.Process().memory_info().rss),
        publish_interval=configuration.publish_interval,
        worker=InBackground("commit"),
        monotonic=time.monotonic,
    )
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    application = web.application(registry, collector, time.time, arguments.telemetry_path)
    gather = watching.GATHER_SHARE * configuration.publish_interval
    ingestion = Ingestion(pipeline, watching.make(configuration.watch, gather))
    parts.dependencies.start()
    parts.servers.start()
    try:
        # Without ingestion the process must end, and say why, so that it is restarted.
        serving.serve(application, listener, ingestion.start)
    finally:
        parts.dependencies.stop()
        parts.servers.stop()
        ingestion.stop()
    if ingestion.error is not None:
        raise ingestion.error
    return 0


class Ingestion:
    """The thread that runs the pipeline.

    Parameters
    ----------
    pipeline
        Run and closed by the thread.
    waker
        Ends its waits.
    """

    def __init__(self, pipeline: Pipeline, waker: Waker) -> None:
        self._pipeline = pipeline
        self._waker = waker
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest")
        self._when_failed: Callable[[], object] = lambda: None
        self.error: BaseException | None = None

    def start(self, when_failed: Callable[[], object]) -> None:
        """Start reading; `when_failed` is called if the thread ends though nobody stopped it."""
        self._when_failed = when_failed
        self._thread.start()

    def _run(self) -> None:
        try:
            self._pipeline.run(self._waker, self._stopping.is_set)
        except BaseException as error:  # noqa: BLE001
            # Whatever it is, the main thread raises it again once the server has stopped.
            self.error = error
            self._when_failed()
        finally:
            self._pipeline.close()

    def stop(self) -> None:
        """Commit what was read and end."""
        self._stopping.set()
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._waker.close()
