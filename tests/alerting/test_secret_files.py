from __future__ import annotations

import os

import pytest

from exporter.alerting.secret_files import problems

HOOK = "https://hooks.slack.com/services/T0/B0/abcdef"
KEY = "0123456789abcdef0123456789ABCDEF"


def found(tmp_path, content, key="api_url_file", mode=0o600):
    """Return what is wrong with a secret."""
    path = tmp_path / "secret"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return list(problems(path, key))


def test_good_secrets(tmp_path):
    """A line end after it does no harm."""
    assert found(tmp_path, HOOK) == []
    assert found(tmp_path, HOOK + "\n") == []
    assert found(tmp_path, KEY, "routing_key_file") == []
    assert found(tmp_path, "http://127.0.0.1:9095/hook", "url_file") == []
    assert found(tmp_path, "anything-else", "password_file") == []


@pytest.mark.parametrize(
    ("content", "key", "message"),
    [
        ("", "api_url_file", "is empty"),
        (" \n", "api_url_file", "is empty"),
        (f"{HOOK}\n{HOOK}", "api_url_file", "expected one line, without blanks"),
        (
            "https://hooks.slack.com/…",
            "api_url_file",
            "still holds what is to be replaced",
        ),
        ("CHANGE-ME", "password_file", "still holds what is to be replaced"),
        ("hooks.slack.com/x", "api_url_file", "expected a URL that begins with https://"),
        ("https://[", "url_file", "expected a URL that begins with https://"),
        ("http://hooks.slack.com/x", "api_url_file", "expected https: over http everybody"),
        ("https://slack.test/x", "api_url_file", "expected a URL of hooks.slack.com"),
        ("0123", "routing_key_file", "expected the 32 letters and digits of an integration key"),
        (b"\xff\xfe", "password_file", "is no text"),
        ("x" * 5000, "password_file", "expected one line, without blanks"),
    ],
)
def test_bad_secrets(tmp_path, content, key, message):
    """One message, without the secret."""
    (problem,) = found(tmp_path, content, key)
    assert problem.startswith(message)


def test_files_that_can_not_be_used(tmp_path):
    """They are missing, no files, or for everybody."""
    assert list(problems(tmp_path / "none", "api_url_file")) == ["there is no such file"]
    (problem,) = problems(tmp_path, "api_url_file")
    assert problem.startswith("can't be read")
    assert found(tmp_path, HOOK, mode=0o644) == ["everybody may read it (chmod o= secret)"]
    os.mkfifo(tmp_path / "fifo")
    # It is opened for both, so that opening it to read does not wait.
    descriptor = os.open(tmp_path / "fifo", os.O_RDWR)
    os.write(descriptor, b"x")
    os.close(descriptor)
