from __future__ import annotations

import http.server
import io
import json
import threading

import pytest
from rich.console import Console

from demo.figures import Alert, Figures, from_exporter, from_prometheus
from demo.notifications import Notification
from demo.summary import State, line, screen
from demo.verdict import Verdict

FIGURES = Figures(
    samples={
        "model_predictions_total": [({"class": "1"}, 1200.0), ({"class": "2"}, 34.0)],
        "model_errors_total": [({"error_type": "ValueError"}, 12.0)],
        "model_accuracy_ratio": [({"window": "2m"}, 0.5), ({"window": "30s"}, 0.734)],
        "model_accuracy_upper_ratio": [({"window": "30s"}, 0.752)],
        "model_threshold": [({"name": "min_accuracy"}, 0.85)],
        "model_confidence_mean": [({"window": "30s"}, 0.668)],
        "model_latency_quantile_seconds": [({"window": "30s", "q": "0.95"}, 0.00042)],
        "model_drift_detected": [
            ({"window": "30s", "feature": "mean_ink"}, 1.0),
            ({"window": "30s", "feature": "top_share"}, 0.0),
            ({"window": "2m", "feature": "ink_rows"}, 1.0),
        ],
        "syslog_messages_total": [({"tag": "sshd"}, 900.0), ({"tag": "cron"}, 50.0)],
        "syslog_unseen_messages_total": [({}, 20.0)],
        "syslog_unseen_transitions_total": [({}, 61.0)],
        "syslog_surprisal_mean_nats": [({"window": "30s"}, 4.25)],
        "syslog_incidents_total": [({}, 41.0)],
        "syslog_incidents_expected_total": [({}, 5.93)],
    },
    alerts=(
        Alert({"alertname": "SyslogAnomalous", "severity": "critical", "host": "h1"}, "firing", 95),
        Alert({"alertname": "ModelAccuracyLow", "model": "digits"}, "pending", 98),
    ),
)
STATE = State(
    elapsed=61.2,
    noise=8.0,
    incident="during",
    figures=FIGURES,
    urls={"Prometheus": "http://127.0.0.1:1002/alerts"},
    latest=[Notification("slack", "SyslogAnomalous", False, "[FIRING 1] hot [x]", "text", 42.0)],
    verdict=Verdict(),
    heartbeats=7,
)


def rendered(state):
    """Return the screen as plain text."""
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(screen(state, now=100.0))
    return console.file.getvalue()


def test_the_screen_shows_figures_alerts_and_deliveries():
    """All that a visitor wants to see, from the short window only."""
    text = rendered(STATE)
    for shown in (
        "http://127.0.0.1:1002/alerts",
        "told 7 times that alerting works",
        "8.0 of 16",
        "1,234",
        "accuracy             73.4%",
        "at most (95 %)       75.2%",
        "least good           85.0%",
        "0.67",
        "0.42 ms",
        "950",
        "4.25 nats",
        "41",
        "[FIRING 1] hot [x]",
        "still to come: model alert to pagerduty",
    ):
        assert shown in text
    assert "mean_ink" in text
    assert "ink_rows" not in text
    alerts = [row.strip("│ \n") for row in text.splitlines() if " s" in row and "Low" in row]
    assert alerts[0].split() == ["pending", "ModelAccuracyLow", "digits", "2", "s"]
    assert "firing   critical  SyslogAnomalous" in text


def test_nothing_yet_is_shown_as_a_dash():
    """Before the first scrape there are no figures, and that is no error."""
    empty = State(0.0, 0.0, "before", Figures(), {}, [], Verdict())
    assert "predictions          -" in rendered(empty)
    assert line(empty) == (
        "    0 s | noise 0.0 | incident before | predictions - | accuracy - | confidence - | "
        "messages - | unseen - | firing nothing"
    )


def test_one_line_where_there_is_no_screen():
    """The same figures, for a pipe or a CI log."""
    assert line(STATE) == (
        "   61 s | noise 8.0 | incident during | predictions 1,234 | accuracy 73.4% | "
        "confidence 0.67 | messages 950 | unseen 61 | firing SyslogAnomalous"
    )


def test_a_problem_is_shown_and_not_raised():
    """A server that does not answer for a moment does not end the demo."""
    figures = from_prometheus("http://127.0.0.1:9")
    assert figures.problem.startswith("Prometheus: ")
    assert from_exporter("http://127.0.0.1:9/metrics").problem.startswith("exporter: ")
    state = State(1.0, 0.0, "before", figures, {}, [], Verdict())
    assert "refused" in line(state)
    assert "refused" in rendered(state)


@pytest.fixture
def pages():
    """Return what a server on loopback answers by path, with its URL under the empty path."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path.partition("?")[0]].encode())

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    answers[""] = f"http://127.0.0.1:{server.server_port}"
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_figures_come_from_prometheus(pages):
    """Series by name, and alerts without the one that always fires."""
    pages["/api/v1/query"] = json.dumps(
        {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [
                    {"metric": {"__name__": "model_x_total", "class": "1"}, "value": [1, "2"]},
                    {"metric": {"__name__": "model_x_total", "class": "2"}, "value": [1, "3"]},
                ],
            },
        }
    )
    alert = {"state": "firing", "activeAt": "1970-01-01T00:01:00.123456789Z", "value": "1"}
    pages["/api/v1/alerts"] = json.dumps(
        {
            "data": {
                "alerts": [
                    {**alert, "labels": {"alertname": "Watchdog"}},
                    {**alert, "labels": {"alertname": "ModelAccuracyLow"}},
                ]
            }
        }
    )
    figures = from_prometheus(pages[""])
    assert figures.total("model_x_total") == 5.0
    assert figures.total("model_x_total", **{"class": "2"}) == 3.0
    assert figures.total("model_y_total") is None
    assert figures.one("model_x_total", **{"class": "3"}) is None
    assert figures.alerts == (Alert({"alertname": "ModelAccuracyLow"}, "firing", 60.123456),)


def test_figures_come_from_the_exporter_where_there_is_no_prometheus(pages):
    """The page in the text format gives the same names and values."""
    pages["/metrics"] = (
        "# HELP model_predictions_total Predictions.\n"
        "# TYPE model_predictions_total counter\n"
        'model_predictions_total{class="1"} 2\n'
        'model_predictions_total{class="2"} 3\n'
        "# HELP model_accuracy_ratio Accuracy.\n"
        "# TYPE model_accuracy_ratio gauge\n"
        'model_accuracy_ratio{window="30s"} 0.5\n'
    )
    figures = from_exporter(f"{pages['']}/metrics")
    assert figures.total("model_predictions_total") == 5.0
    assert figures.one("model_accuracy_ratio", window="30s") == 0.5
    assert figures.alerts == ()
