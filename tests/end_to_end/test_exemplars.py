"""From a slow bucket in a real Prometheus to the request."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.commands.exporter_process import configure, running, wait_until
from tests.faults.prometheus_process import PrometheusProcess
from tests.tailing.following import append

pytestmark = pytest.mark.end_to_end

HOSTILE = 'a"} 1\n# EOF\\\u202e<b>'
# Prometheus 2.42 leaves what is escaped in an exemplar as it is.
ESCAPED = 'a\\"} 1\\n# EOF\\\\\u202e<b>'


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[PrometheusProcess]:
    """Run one that scrapes an exporter, whose log has a slow request and a failed one."""
    now = time.time()
    slow = {"timestamp": now, "request_id": HOSTILE, "latency_ms": 4321}
    failed = {"timestamp": now, "request_id": 17, "error": True, "error_type": "Timeout"}
    config = configure(tmp_path)
    append(tmp_path / "app.log", "".join(f"{json.dumps(one)}\n" for one in (slow, failed)))
    with running(config) as process:
        target = process.url.removeprefix("http://")
        server = PrometheusProcess(
            tmp_path / "prometheus", target, options=["--enable-feature=exemplar-storage"]
        )
        try:
            yield server.ready()
        finally:
            server.close()


def exemplars(server: PrometheusProcess, query: str) -> list[dict[str, object]]:
    """Return those that a query finds, of all series together."""
    now = time.time()
    answer = requests.get(
        f"{server.url}/api/v1/query_exemplars",
        params={"query": query, "start": f"{now - 600}", "end": f"{now + 60}"},
        timeout=10,
    ).json()
    assert answer["status"] == "success", answer
    return [exemplar for series in answer["data"] for exemplar in series["exemplars"]]


def test_prometheus_leads_to_the_slow_and_to_the_failed_request(
    prometheus: PrometheusProcess,
) -> None:
    """Whatever an id holds, it does not break out."""
    wait_until(lambda: bool(exemplars(prometheus, "model_latency_seconds_bucket")))
    (slow,) = exemplars(prometheus, 'model_latency_seconds_bucket{le="5.0"}')
    assert slow["labels"] in ({"request_id": HOSTILE}, {"request_id": ESCAPED})
    assert slow["value"] == "4.321"
    (failed,) = exemplars(prometheus, "model_errors_total")
    assert failed["labels"] == {"request_id": "17"}
    assert prometheus.query('up{job="modeltail"}')[0]["value"][1] == "1"
