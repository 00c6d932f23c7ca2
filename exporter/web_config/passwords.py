"""Users and passwords, by bcrypt."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping

import bcrypt

MOST_BYTES = 72
"""bcrypt takes no longer passwords."""
KEPT = 100
"""Answers that are remembered: a hash takes some tenths of a second, and scrapers come again."""
# Of nobody: an unknown user is to cost as much time as a known one with a wrong password.
_NOBODY = b"$2b$10$CcCcCcCcCcCcCcCcCcCcCuO2kBsu9YlJ5sQtp5B7bqH6zLqVZ2s0m"


def credentials(header: str) -> tuple[str, bytes] | None:
    """Return user and password of an `Authorization` header; ``None`` if it has none (RFC 7617)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None


class Passwords:
    """Checks passwords, and remembers what came of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, bool] = OrderedDict()

    def remembered(self, users: Mapping[str, str], user: str, password: bytes) -> bool | None:
        """Return at once whether it is the user's password, ``None`` if that is not known yet."""
        return self._known.get(_key(users, user, password))

    def are_right(self, users: Mapping[str, str], user: str, password: bytes) -> bool:
        """Return whether it is the user's password. It may take some tenths of a second."""
        hashed = users.get(user, "").encode() or _of_nobody(users)
        right = _check(password, hashed) and user in users
        with self._lock:
            self._known[_key(users, user, password)] = right
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return right


def _key(users: Mapping[str, str], user: str, password: bytes) -> bytes:
    # Of the hash as well: with another one it is asked anew.
    secret = hashlib.sha256(password).digest()
    parts = (user.encode(), users.get(user, "").encode(), secret)
    return hashlib.blake2b(b"\0".join(parts)).digest()


def _of_nobody(users: Mapping[str, str]) -> bytes:
    """Return a hash of nobody, as costly as that of a user."""
    first = next(iter(users.values()), "")
    return first.encode()[:7] + _NOBODY[7:] if first else _NOBODY


def _check(password: bytes, hashed: bytes) -> bool:
    if len(password) > MOST_BYTES:
        # As costly as any other, and never right.
        bcrypt.checkpw(password[:MOST_BYTES], hashed)
        return False
    return bcrypt.checkpw(password, hashed)
