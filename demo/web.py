"""Asks the servers of the demo, all on loopback."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

_TIMEOUT_SECONDS = 3.0


def text(url: str, **parameters: str) -> str:
    """Return what `url` answers.

    Raises
    ------
    OSError
        Nobody answers, or with an error.
    """
    if parameters:
        url = f"{url}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 Our own.
        body: bytes = answer.read()
    return body.decode()


def data(url: str, **parameters: str) -> Any:
    """Return the `data` of an answer of Prometheus' API.

    Raises
    ------
    OSError
        Nobody answers, or with an error, or with something else than JSON.
    """
    try:
        return json.loads(text(url, **parameters))["data"]
    except (ValueError, KeyError) as error:
        raise OSError(f"{url}: not an answer of Prometheus' API: {error}") from error


def answers(url: str) -> bool:
    """Return whether `url` answers with success."""
    try:
        text(url)
    except OSError:
        return False
    return True
