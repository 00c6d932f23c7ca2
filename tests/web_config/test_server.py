"""A real exporter behind TLS, passwords and limits, and who gets in."""

from __future__ import annotations

import os
import socket
import ssl
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import requests
import trustme
import yaml

from tests.commands.exporter_process import (
    ExporterProcess,
    configure,
    free_port,
    wait_until,
)
from tests.faults.prometheus_process import PrometheusProcess
from tests.tailing.following import append

pytestmark = pytest.mark.end_to_end

SILENT = int(os.environ.get("MODELTAIL_SILENT_CLIENTS", "200"))
LINE = '{"prediction": "a"}\n'
PASSWORD = "correct horse"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()
USER = ("prometheus", PASSWORD)


class Certificates:
    """An authority, a certificate of the server, and one of a client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.authority = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.authority))
        self.renew()
        self.client = self._issued("client", "prometheus.example.com")
        self.stranger = self._issued("stranger", "stranger.example.com")

    def _issued(self, name: str, identity: str) -> tuple[str, str]:
        issued = self._authority.issue_cert(identity)
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        issued.cert_chain_pems[0].write_to_path(str(files[0]))
        issued.private_key_pem.write_to_path(str(files[1]))
        return str(files[0]), str(files[1])

    def renew(self) -> None:
        """Write another certificate of the server."""
        self._issued("server", "localhost")


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Make some."""
    return Certificates(tmp_path)


TLS = {"cert_file": "server.pem", "key_file": "server.key"}
MUTUAL = {**TLS, "client_ca_file": "ca.pem", "client_auth_type": "RequireAndVerifyClientCert"}


@contextmanager
def serving(folder: Path, scheme: str = "http", **config: Any) -> Iterator[ExporterProcess]:
    """Run an exporter with a web configuration, until it has read a line."""
    append(folder / "app.log", LINE)
    write(folder, **config)
    port = free_port()
    options = [f"--web.config.file={folder / 'web.yml'}"]
    process = ExporterProcess(configure(folder), port, options=options)
    try:
        process.url = f"{scheme}://localhost:{port}"
        wait_until(lambda: "listening on" in process.log.read_text())
        yield process
    finally:
        process.close()


def write(folder: Path, **config: Any) -> None:
    """Write the web configuration, as editors do: another file takes its name."""
    (folder / "web.new").write_text(yaml.safe_dump(config))
    (folder / "web.new").rename(folder / "web.yml")


def status(process: ExporterProcess, path: str = "/metrics", **options: Any) -> int:
    """Return the status of an answer; 0 if there is none."""
    try:
        return requests.get(process.url + path, timeout=10, **options).status_code
    except requests.exceptions.ConnectionError:
        return 0


def test_a_password_for_everything(tmp_path):
    """All endpoints ask for it, and users see what logs say from wherever they are."""
    headers = {"X-Frame-Options": "deny"}
    users = {"prometheus": HASH}
    with serving(tmp_path, basic_auth_users=users, http_server_config={"headers": headers}) as one:
        wait_until(lambda: status(one, auth=USER) == 200)
        for path in ("/metrics", "/", "/-/healthy", "/api/v1/status", "/nothing"):
            answer = requests.get(one.url + path, timeout=5)
            assert (answer.status_code, answer.text) == (401, "unauthorized\n")
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            assert answer.headers["X-Frame-Options"] == "deny"
        assert status(one, auth=("prometheus", "wrong")) == 401
        assert status(one, auth=("prometheus", PASSWORD + "x" * 100)) == 401
        assert status(one, auth=("nobody", PASSWORD)) == 401
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        seen = requests.get(f"{one.url}/api/v1/rejects", auth=USER, headers=elsewhere, timeout=5)
        assert "warnings" not in seen.json()
        # Read anew: the user is gone, another one is there.
        write(tmp_path, basic_auth_users={"grafana": HASH})
        assert status(one, auth=USER) == 401
        assert status(one, auth=("grafana", PASSWORD)) == 200
        # What can't be used changes nothing, and is told.
        write(tmp_path, basic_auth_users={"grafana": "no hash"})
        assert status(one, auth=("grafana", PASSWORD)) == 200
        assert "the web configuration is not read anew" in one.log.read_text()


def test_a_limited_rate(tmp_path):
    """A burst, and then no more than one an interval."""
    with serving(tmp_path, rate_limit={"interval": "1h", "burst": 3}) as one:
        codes = [status(one, "/-/ready") for _ in range(5)]
    assert codes[3:] == [429, 429]
    assert 429 not in codes[:3]


def test_certificates_are_asked_for_and_renewed(tmp_path, certificates):
    """Whoever has none is not let in; another one of the server is used for the next connection."""
    tls = {**MUTUAL, "client_allowed_sans": ["prometheus.example.com"]}
    trust = {"verify": str(certificates.authority)}
    with serving(tmp_path, "https", tls_server_config=tls) as one:
        known = {**trust, "cert": certificates.client}
        wait_until(lambda: status(one, **known) == 200)
        assert status(one, **trust) == 0
        assert status(one, **trust, cert=certificates.stranger) == 0
        plain = one.url.replace("https", "http")
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(plain, timeout=5)
        before = presented(one)
        certificates.renew()
        assert status(one, **known) == 200
        assert presented(one) != before
        # Half of a new pair does not fit together; the former stays.
        (tmp_path / "server.key").write_text("nonsense")
        assert status(one, **known) == 200
        assert "not read anew" in one.log.read_text()


def test_prometheus_scrapes_with_certificate_and_password(tmp_path, certificates):
    """As docs/web.md has it."""
    users = {"prometheus": HASH}
    cert, key = certificates.client
    trust = {"ca_file": str(certificates.authority), "server_name": "localhost"}
    scraping = {
        "scheme": "https",
        "tls_config": {**trust, "cert_file": cert, "key_file": key},
        "basic_auth": {"username": "prometheus", "password": PASSWORD},
    }
    with serving(tmp_path, "https", tls_server_config=MUTUAL, basic_auth_users=users) as one:
        target = one.url.removeprefix("https://")
        prometheus = PrometheusProcess(tmp_path / "prometheus", target, **scraping)
        try:
            prometheus.ready()
            query = 'modeltail_lines_total{source="bot"}'
            wait_until(lambda: [s["value"][1] for s in prometheus.query(query)] == ["1"])
        finally:
            prometheus.close()


def presented(process: ExporterProcess) -> bytes:
    """Return the certificate that the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    host, port = process.url.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port)), 5) as raw,
        context.wrap_socket(raw, server_hostname=host) as secured,
    ):
        return secured.getpeercert(binary_form=True)


def test_the_oldest_version_that_is_spoken(tmp_path, certificates):
    """No TLS 1.2 where 1.3 is asked for."""
    with serving(tmp_path, "https", tls_server_config={**TLS, "min_version": "TLS13"}) as one:
        wait_until(lambda: status(one, verify=str(certificates.authority)) == 200)
        context = ssl.create_default_context(cafile=certificates.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        port = int(one.url.rsplit(":", 1)[1])
        with (
            socket.create_connection(("localhost", port), 5) as raw,
            pytest.raises(ssl.SSLError),
        ):
            context.wrap_socket(raw, server_hostname="localhost")


def test_silent_clients_hold_nobody_up(tmp_path, certificates):
    """Connections without a handshake, half a request a connection, and 20 scrapers beside them."""
    with serving(tmp_path, "https", tls_server_config=TLS) as one, ExitStack() as silent:
        trust = {"verify": str(certificates.authority)}
        wait_until(lambda: status(one, **trust) == 200)
        port = int(one.url.rsplit(":", 1)[1])
        context = ssl.create_default_context(cafile=certificates.authority)
        for number in range(SILENT):
            raw = silent.enter_context(socket.create_connection(("localhost", port), 5))
            if number % 4 == 0:
                secured = context.wrap_socket(raw, server_hostname="localhost")
                silent.enter_context(secured)
                secured.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")

        def scrape(_: int) -> float:
            begun = time.monotonic()
            assert status(one, **trust) == 200
            return time.monotonic() - begun

        with ThreadPoolExecutor(20) as pool:
            times = list(pool.map(scrape, range(200)))
        assert statistics.quantiles(times, n=100)[98] < 1.0
        append(tmp_path / "app.log", LINE * 10)
        text = 'modeltail_lines_total{source="bot"} 11.0'
        wait_until(lambda: text in requests.get(f"{one.url}/metrics", timeout=5, **trust).text)
