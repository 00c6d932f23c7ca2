"""Whether a request comes from this machine itself: only then it may see what logs and files say.

A proxy on this machine, or a page in a browser on it that has its name resolved to this machine, is
not taken for that.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine, and asks for it by a name of it."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    asked_for = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _is_loopback(request.client.host) and (
        asked_for == "localhost" or _is_loopback(asked_for)
    )


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
