"""Who may see what logs and files say: users who have given a password, and this machine itself.

A proxy on this machine, or a page in a browser on it that has its name resolved to this machine, is
not taken for that.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

AUTHENTICATED = "authenticated"
"""In the state of a request whose user has given a password."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def may_see_logs(request: Request) -> bool:
    """Tell whether a request is one of a user, or comes from this machine itself."""
    return bool(request.scope.get("state", {}).get(AUTHENTICATED)) or is_local(request)


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
