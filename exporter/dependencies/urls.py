"""Something that answers to HTTP."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import IO

from exporter import __version__
from exporter.dependencies import schemas
from exporter.dependencies.probing import ProbeError, Seen

_CHUNK_BYTES = 1 << 16


class UrlProbe:
    """Gets a URL; up is an answer of 2xx after redirects.

    When it changed is what `Last-Modified` says, or else when its `ETag` or, where a schema is
    asked for, its content was found to be another one.

    Parameters
    ----------
    url
        http or https.
    kind
        Format of its schema; ``None`` for none, and then only the head of the answer is read.
    timeout
        Seconds in all: a server that sends a byte now and then is as good as a silent one.
    monotonic
        Seconds that go by evenly.
    """

    def __init__(
        self,
        url: str,
        kind: schemas.Format | None,
        timeout: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        # A query may hold a key, which belongs into no log.
        self._shown = url.partition("?")[0]
        self._kind = kind
        self._timeout = timeout
        self._monotonic = monotonic

    def look(self) -> Seen:
        """Get it."""
        deadline = self._monotonic() + self._timeout
        request = urllib.request.Request(  # noqa: S310 The configuration takes http(s) alone.
            self._url, headers={"User-Agent": f"modeltail/{__version__}", "Accept": "*/*"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                headers = answer.headers
                body, whole = (b"", False) if self._kind is None else self._body(answer, deadline)
        except urllib.error.HTTPError as error:
            error.close()
            raise ProbeError("status", f"{self._shown}: HTTP status {error.code}") from error
        except TimeoutError as error:
            raise ProbeError(
                "timeout", f"{self._shown}: no answer in {self._timeout:g} s"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # urllib wraps a time-out while connecting, but not one while reading.
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise ProbeError("timeout", f"{self._shown}: no connection") from error
            raise ProbeError("unreachable", f"{self._shown}: {error}") from error
        return Seen(
            changed=_unix(headers.get("Last-Modified")),
            fingerprint=_fingerprint(headers.get("ETag"), body),
            size=_size(headers.get("Content-Length"), len(body) if whole else None),
            schema=None if self._kind is None else self._schema(self._kind, body, whole=whole),
        )

    def _body(self, answer: IO[bytes], deadline: float) -> tuple[bytes, bool]:
        """Return up to :data:`schemas.HEAD_BYTES`, and whether that is all."""
        body = bytearray()
        while len(body) < schemas.HEAD_BYTES:
            if self._monotonic() > deadline:
                raise TimeoutError
            # Whatever there is: a full chunk may be long in coming.
            part = answer.read1(_CHUNK_BYTES)  # type: ignore[attr-defined]
            if not part:
                return bytes(body), True
            body += part
        return bytes(body), False

    def _schema(self, kind: schemas.Format, body: bytes, *, whole: bool) -> str:
        try:
            return schemas.of_head(kind, body, whole=whole)
        except ValueError as error:
            raise ProbeError("schema", f"{self._shown} is no {kind}: {error}") from error


def _unix(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _fingerprint(etag: str | None, body: bytes) -> str | None:
    if etag:
        return etag[:128]
    return hashlib.sha256(body).hexdigest()[:16] if body else None


def _size(length: str | None, read: int | None) -> int | None:
    return int(length) if length is not None and length.isdecimal() else read
