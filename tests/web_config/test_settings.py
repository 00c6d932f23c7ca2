"""What the web configuration may say, and what is said to what it may not."""

from __future__ import annotations

import pytest
import yaml

from exporter.config.loading import parse_as
from exporter.errors import UsageError
from exporter.web_config.settings import WebConfig

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
FULL = f"""
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.com]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: {HASH}
rate_limit: {{interval: 1s, burst: 20}}
"""


def parsed(text: str) -> WebConfig:
    """Return what a file of this text says."""
    return parse_as(WebConfig, text, "web.yml")


def changed(section: str, **values: object) -> str:
    """Return the full example with some keys of a section changed; `None` takes one out."""
    content = yaml.safe_load(FULL)
    content[section] |= values
    content[section] = {
        name: value for name, value in content[section].items() if value is not None
    }
    return yaml.safe_dump(content, sort_keys=False)


def test_all_that_exporter_toolkit_has():
    """Durations in the notation of Prometheus."""
    found = parsed(FULL)
    assert found.basic_auth_users == {"alice": HASH}
    assert (found.rate_limit.interval, found.rate_limit.burst) == (1.0, 20)
    assert found.tls_server_config.client_allowed_sans == ("prometheus.example.com",)


def test_nothing_is_obligatory():
    """A part that is absent asks for nothing."""
    found = parsed("basic_auth_users: {}")
    assert (found.tls_server_config, found.rate_limit) == (None, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (changed("tls_server_config", key_file=None), "tls_server_config.key_file"),
        (changed("tls_server_config", min_version="TLS14"), "tls_server_config.min_version"),
        (changed("tls_server_config", max_version="TLS11"), "min_version TLS12 is above TLS11"),
        (changed("tls_server_config", client_ca_file=None), "needs a client_ca_file"),
        (changed("tls_server_config", client_auth_type=None), "no client would be asked for one"),
        (changed("tls_server_config", client_auth_type="RequestClientCert"), "client_auth_type"),
        (changed("tls_server_config", cipher_suites=["TLS_RSA_NULL"]), "TLS_RSA_NULL"),
        (changed("tls_server_config", curve_preferences=["CurveP256", "X25519"]), "curve"),
        (changed("tls_server_config", cert="---"), "tls_server_config.cert"),
        (changed("http_server_config", headers={"Server": "x"}), "'Server' can't be set"),
        (changed("http_server_config", headers={"X-Frame-Options": "no"}), "'no' is no value"),
        (
            changed("http_server_config", headers={"X-XSS-Protection": "1\r\nSet-Cookie: a"}),
            "no value of it",
        ),
        (changed("basic_auth_users", bob="pa55word"), "bob: expected a bcrypt hash"),
        (changed("basic_auth_users", **{"a:b": HASH}), "a user's name has no colon"),
        (changed("rate_limit", burst=0), "rate_limit.burst"),
        (changed("rate_limit", interval=1), "a duration needs a unit"),
        ("tls: {}", "tls"),
    ],
)
def test_mistakes_are_named(text, problem):
    """With file and line; a password that stands where its hash should is not quoted."""
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("web.yml:")
    assert "pa55word" not in str(caught.value)
