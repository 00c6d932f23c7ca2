"""The file of the web configuration, read again when it or a certificate changes."""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from exporter.config.loading import parse_as, read_text
from exporter.errors import UsageError
from exporter.web_config import tls
from exporter.web_config.settings import WebConfig

logger = logging.getLogger(__name__)

_State = tuple[tuple[int, int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What is in force.

    Attributes
    ----------
    config
        The file.
    context
        Made of it; ``None`` without TLS.
    """

    config: WebConfig
    context: ssl.SSLContext | None


def read(path: Path) -> WebSettings:
    """Read the file, and the certificates that it names.

    Raises
    ------
    UsageError
        One line for each mistake: ``file:line: key: what is wrong``.
    """
    text = read_text(path, "web configuration")
    config = parse_as(WebConfig, text, str(path))
    settings = config.tls_server_config
    if settings is None:
        return WebSettings(config, None)
    # Relative to the file's own folder, as exporter-toolkit has it.
    found = {key: path.parent / file for key, file in settings.files.items()}
    settings = settings.model_copy(update=found)
    config = config.model_copy(update={"tls_server_config": settings})
    return WebSettings(config, tls.context(settings, str(path)))


class WebConfigFile:
    """What the file says now; if it says nothing that can be used, what it said before.

    Whether it speaks TLS at all is settled at the start: a port that changes that loses its
    clients.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    UsageError
        As :func:`read`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._settings = read(path)
        self._state = self._seen()

    def current(self) -> WebSettings:
        """Return what is in force, read anew if a file is not what it was."""
        state = self._seen()
        if state != self._state:
            with self._lock:
                if state != self._state:
                    self._state = state
                    self._read_again()
        return self._settings

    def context(self) -> ssl.SSLContext:
        """Return what the next connection is made with."""
        found = self.current().context
        assert found is not None  # noqa: S101
        return found

    def _read_again(self) -> None:
        try:
            settings = read(self._path)
        except UsageError as error:
            logger.error("the web configuration is not read anew: %s", error)  # noqa: TRY400
            return
        if (settings.context is None) != (self._settings.context is None):
            logger.error("%s: TLS is switched on or off by a restart only", self._path)
            return
        self._settings = settings
        logger.info("the web configuration is read anew")

    def _seen(self) -> _State:
        """Return what tells that a file is another one or has another content."""
        settings = self._settings.config.tls_server_config
        files = () if settings is None else settings.files.values()
        return tuple(map(_status, (self._path, *files)))


def _status(file: Path) -> tuple[int, int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
