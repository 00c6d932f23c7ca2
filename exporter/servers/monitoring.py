"""From the configuration to the sampler and to the monitor that it feeds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from exporter.config import ModelSource
from exporter.servers.sampler import Clock, Sampler, Server
from exporter.servers.sampling import ProcessTable


def sampler(models: Sequence[ModelSource], clock: Clock, monotonic: Clock) -> Sampler:
    """Return what looks at the servers of those models that name one."""
    servers = []
    for model in models:
        if model.server is not None:
            settings = model.server
            command = None if settings.command is None else re.compile(settings.command)
            servers.append(Server(model.name, settings.pid_file, command, settings.check_every))
    commands = any(server.command is not None for server in servers)
    return Sampler(servers, lambda: _system_processes(commands=commands), clock, monotonic)


def _system_processes(*, commands: bool) -> ProcessTable:
    # Imported here: nobody else asks psutil for processes.
    from exporter.servers.process_table import SystemProcesses  # noqa: PLC0415

    return SystemProcesses(commands=commands)
