"""Passwords are right or wrong, and wrong ones tell nothing of who is a user."""

from __future__ import annotations

import base64
import time

import bcrypt
import pytest

from exporter.web_config.passwords import KEPT, Passwords, credentials

LONG = b"x" * 72
USERS = {
    "alice": bcrypt.hashpw(b"secret", bcrypt.gensalt(8)).decode(),
    "bob": bcrypt.hashpw(LONG, bcrypt.gensalt(8)).decode(),
}


def header(text: str | bytes) -> str:
    """Return an Authorization header."""
    raw = text.encode() if isinstance(text, str) else text
    return "Basic " + base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (header("alice:secret"), ("alice", b"secret")),
        (header("alice:se:cret"), ("alice", b"se:cret")),
        (header("zoë:"), ("zoë", b"")),
        ("basic " + header("a:b")[6:], ("a", b"b")),
        (header("alice"), None),
        (header(b"\xff:x"), None),
        ("Basic ???", None),
        ("Bearer x", None),
        ("", None),
    ],
)
def test_headers(given, found):
    """RFC 7617; what is none of it is nobody."""
    assert credentials(given) == found


@pytest.mark.parametrize(
    ("user", "password", "right"),
    [
        ("alice", b"secret", True),
        ("alice", b"Secret", False),
        ("alice", b"", False),
        ("nobody", b"secret", False),
        ("", b"", False),
        ("bob", LONG, True),
        # bcrypt itself would look at the first 72 bytes alone.
        ("bob", LONG + b"y", False),
        ("alice", b"secret\0x", False),
    ],
)
def test_passwords(user, password, right):
    """Asked twice, so that what is remembered is the same."""
    passwords = Passwords()
    assert passwords.remembered(USERS, user, password) is None
    assert passwords.are_right(USERS, user, password) is right
    assert passwords.remembered(USERS, user, password) is right


def test_another_hash_is_asked_anew():
    """A password that was changed is wrong at once, also if somebody has just used it."""
    passwords = Passwords()
    assert passwords.are_right(USERS, "alice", b"secret")
    changed = {"alice": USERS["bob"]}
    assert passwords.remembered(changed, "alice", b"secret") is None
    assert passwords.remembered({}, "alice", b"secret") is None


def test_what_is_remembered_is_bounded():
    """Whoever tries many passwords fills no memory."""
    passwords = Passwords()
    cheap = {"alice": bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()}
    for number in range(KEPT + 20):
        passwords.are_right(cheap, "alice", b"%d" % number)
    assert passwords.remembered(cheap, "alice", b"0") is None
    assert passwords.remembered(cheap, "alice", b"%d" % (KEPT + 19)) is False


def took(user: str, password: bytes) -> float:
    """Return the least of the times that a check has taken, seconds."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        Passwords().are_right(USERS, user, password)
        times.append(time.perf_counter() - begun)
    return min(times)


def test_an_unknown_user_costs_the_same_time():
    """As one that is known and has another password, or one that is too long."""
    known = took("alice", b"wrong")
    for user, password in (("nobody", b"wrong"), ("alice", LONG * 2), ("nobody", LONG * 2)):
        assert 0.5 < took(user, password) / known < 2
