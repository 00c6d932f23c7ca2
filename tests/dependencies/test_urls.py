from __future__ import annotations

import socket
import time

import pytest

from exporter.dependencies import schemas
from exporter.dependencies.probing import ProbeError
from exporter.dependencies.urls import UrlProbe
from tests.dependencies.servers import dripping, serving, silent

MODIFIED = "Sat, 31 Jan 2026 12:00:00 GMT"


def failure(url, kind=None, timeout=5.0):
    """Return the reason for which a look fails, and the seconds that it takes."""
    begun = time.monotonic()
    with pytest.raises(ProbeError) as raised:
        UrlProbe(url, kind, timeout).look()
    return raised.value.reason, time.monotonic() - begun


def test_an_answer_tells_its_time_and_size():
    """From its head; the body is not read where nobody asks for a schema."""
    headers = {"Last-Modified": MODIFIED, "Content-Length": "12", "ETag": '"v1"'}
    with serving(lambda: (200, headers, b"a,b\n1,2\n3,4\n")) as url:
        seen = UrlProbe(url, None, 5.0).look()
    assert (seen.changed, seen.size, seen.fingerprint) == (1769860800.0, 12, '"v1"')
    assert seen.schema is None


def test_a_schema_is_that_of_the_same_file():
    """And the content tells when there is neither time nor tag."""
    with serving(lambda: (200, {}, b"a,b\n1,2\n")) as url:
        seen = UrlProbe(url, "csv", 5.0).look()
    assert seen.schema == schemas.of_head("csv", b"a,b\n7,8\n", whole=True)
    assert (seen.changed, seen.size) == (None, 8)
    assert seen.fingerprint


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_status_of_failure_is_a_failure(status):
    """The service is there, and does not work."""
    with serving(lambda: (status, {}, b"oops")) as url:
        assert failure(url)[0] == "status"


def test_a_silent_server_costs_the_timeout_and_no_more():
    """It accepts, and never answers."""
    with silent() as url:
        reason, seconds = failure(url, timeout=0.2)
    assert reason == "timeout"
    assert 0.15 < seconds < 2


def test_a_dripping_server_costs_the_timeout_and_no_more():
    """Each byte comes in time, the answer as a whole does not."""
    with dripping() as url:
        reason, seconds = failure(url, "json", timeout=0.3)
    assert reason == "timeout"
    assert 0.25 < seconds < 2


def test_nobody_listens():
    """Refused at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    assert failure(url)[0] == "unreachable"


def test_a_key_in_the_query_is_not_told():
    """Messages go to the log."""
    with serving(lambda: (403, {}, b"")) as url, pytest.raises(ProbeError) as raised:
        UrlProbe(f"{url}?key=secret", None, 5.0).look()
    assert str(raised.value) == f"{url}: HTTP status 403"


def test_another_format():
    """Whatever answers there, it is not what was asked for."""
    with serving(lambda: (200, {}, b"no csv: a null\x00\xff\n")) as url:
        assert failure(url, "json")[0] == "schema"
