"""Files that hold a secret: whether Alertmanager will be able to use them.

``amtool check-config`` looks at none of them, and what is wrong shows when the first notification
fails.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

_LONGEST = 4096
_PLACEHOLDER = re.compile(r"…|\.\.\.|<|change.?me|example|xxx|todo|your[-_ ]", re.IGNORECASE)
_ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
_LOCAL = ("127.0.0.1", "::1", "localhost")
_SLACK = "hooks.slack.com"


def problems(path: Path, key: str) -> Iterator[str]:
    """Yield what is wrong with a secret's file; the secret itself is in no message.

    Parameters
    ----------
    path
        The file.
    key
        Of the configuration, which tells what the secret is, such as `api_url_file`.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        yield "there is no such file"
        return
    except OSError as error:
        yield f"can't be read: {error.strerror}"
        return
    if not stat.S_ISREG(mode):
        yield "is no file"
        return
    if mode & stat.S_IROTH:
        yield f"everybody may read it (chmod o= {path.name})"
    try:
        secret = content.decode()
    except UnicodeDecodeError:
        yield "is no text"
        return
    # Alertmanager takes white space at the ends off.
    secret = secret.strip()
    if not secret:
        yield "is empty"
    elif len(content) > _LONGEST or any(each.isspace() for each in secret):
        yield "expected one line, without blanks"
    elif _PLACEHOLDER.search(secret):
        yield "still holds what is to be replaced"
    else:
        yield from _of_kind(secret, key)


def _of_kind(secret: str, key: str) -> Iterator[str]:
    if key in ("api_url_file", "slack_api_url_file", "url_file"):
        yield from _of_url(secret, slack="api_url" in key)
    elif key in ("routing_key_file", "service_key_file") and not _ROUTING_KEY.fullmatch(secret):
        yield "expected the 32 letters and digits of an integration key"


def _of_url(secret: str, *, slack: bool) -> Iterator[str]:
    try:
        parts = urlsplit(secret)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https"):
        yield "expected a URL that begins with https://"
    elif parts.scheme == "http" and host not in _LOCAL:
        yield "expected https: over http everybody on the way can read it"
    elif slack and host not in (_SLACK, *_LOCAL):
        yield f"expected a URL of {_SLACK}, as an incoming webhook has"
