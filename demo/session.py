"""One run of the demo: starts everything in order, looks on, and ends everything again."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from demo import figures, stack, summary, watched
from demo.noise import NoiseSchedule
from demo.notifications import Notification
from demo.programs import Program
from demo.receiver import Receiver
from demo.replay import Message, Replay, read_recording
from demo.verdict import Verdict

LAPSE = 30.0
"""By how much the durations of the shipped rules are divided: 5 minutes become 10 seconds."""
LIVE_LOG = Path(__file__).parent / "data" / "syslog.live.log"
INCIDENT = Path(__file__).parent / "data" / "syslog.live.json"

_REFRESH_SECONDS = 0.5
_PLAIN_LINE_SECONDS = 5.0


def endless_syslog() -> list[Message]:
    """Return the recorded syslog, with normal days behind the incident.

    So the alerts end before it comes again.
    """
    live = read_recording(LIVE_LOG)
    return [
        *live,
        *(
            Message(live[-1].offset + message.offset, message.text)
            for message in read_recording(watched.TRAINING_LOG)
        ),
    ]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for.

    Attributes
    ----------
    once
        End as soon as every kind of alert was delivered in every form.
    deadline
        Seconds after which a run with `once` has failed.
    calm
        Seconds before noise creeps into the model's inputs and the syslog's incident begins.
    rate
        Predictions a second.
    """

    once: bool
    deadline: float
    calm: float
    rate: float


class Session:
    """A run of the demo in a directory of its own.

    Parameters
    ----------
    options
        What is asked for.
    directory
        Empty; everything that the run writes goes there.
    servers
        Prometheus and Alertmanager; ``None`` to run without.
    console
        Where to print.
    stop
        Ends the run when set.
    """

    def __init__(
        self,
        options: Options,
        directory: Path,
        servers: stack.Servers | None,
        console: Console,
        stop: threading.Event,
    ) -> None:
        self._options = options
        self._files = watched.Files(directory)
        self._servers = servers
        self._console = console
        self._stop = stop
        self._begin = time.monotonic()
        self._programs: list[Program] = []
        self._latest: deque[Notification] = deque(maxlen=4)
        self.verdict = Verdict()
        """What was delivered so far."""

    def run(self) -> None:
        """Run until stopped, or with `once` until all is delivered or the deadline is over.

        Nothing that was started is running when this returns or raises.

        Raises
        ------
        ProgramError
            Something can't be started, or ended early.
        """
        self._files.predictions.parent.mkdir(parents=True)
        with contextlib.ExitStack() as running:
            receiver = Receiver(
                self._files.directory / "notifications.jsonl", self._notified, self._elapsed
            )
            running.callback(receiver.stop)
            running.callback(self._end_programs)
            addresses = stack.Addresses.choose()
            self._programs.append(
                watched.start_model_service(self._files, self._options.rate, self._options.calm)
            )
            start_logs = time.monotonic()
            replay = running.enter_context(self._replaying())
            watched.prepare(self._files, self._tell)
            self._start_servers(addresses, receiver.url)
            self._watch(addresses, receiver, replay, start_logs)

    def _start_servers(self, addresses: stack.Addresses, receiver: str) -> None:
        directory = self._files.directory
        self._programs.append(watched.start_exporter(self._files, addresses.exporter))
        if self._servers is None:
            return
        # Alertmanager first: what Prometheus sends before it is there comes late.
        configuration = stack.write_alertmanager(directory, receiver, LAPSE)
        self._programs.append(
            stack.start_alertmanager(self._servers, directory, configuration, addresses)
        )
        configuration = stack.write_prometheus(directory, addresses, LAPSE)
        self._programs.append(
            stack.start_prometheus(self._servers, directory, configuration, addresses)
        )

    @contextlib.contextmanager
    def _replaying(self) -> Iterator[Replay]:
        messages = endless_syslog()
        speed = messages[self._incident()[0]].offset / self._options.calm
        replay = Replay(messages, self._files.syslog, speed)
        replay.start()
        try:
            yield replay
        finally:
            replay.stop()

    def _watch(
        self, addresses: stack.Addresses, receiver: Receiver, replay: Replay, start_logs: float
    ) -> None:
        schedule = NoiseSchedule(calm=self._options.calm)
        urls = self._urls(addresses)
        live = Live(console=self._console, auto_refresh=False, transient=False)
        next_line = 0.0
        with live if self._console.is_terminal else contextlib.nullcontext():
            while not self._over():
                for program in self._programs:
                    program.check()
                elapsed = time.monotonic() - start_logs
                state = summary.State(
                    elapsed=elapsed,
                    noise=schedule.at(elapsed),
                    incident=self._phase(replay),
                    figures=self._figures(addresses),
                    urls=urls,
                    latest=tuple(self._latest),
                    verdict=self.verdict,
                    heartbeats=receiver.heartbeats,
                )
                if self._console.is_terminal:
                    live.update(summary.screen(state), refresh=True)
                elif elapsed >= next_line:
                    self._console.print(summary.line(state), highlight=False, soft_wrap=True)
                    next_line = elapsed + _PLAIN_LINE_SECONDS
                self._stop.wait(_REFRESH_SECONDS)

    def _over(self) -> bool:
        if self._stop.is_set():
            return True
        return self._options.once and (
            self.verdict.complete or self._elapsed() > self._options.deadline
        )

    def _figures(self, addresses: stack.Addresses) -> figures.Figures:
        if self._servers:
            return figures.from_prometheus(f"http://{addresses.prometheus}")
        return figures.from_exporter(f"http://{addresses.exporter}/metrics")

    def _urls(self, addresses: stack.Addresses) -> dict[str, str]:
        urls = {"exporter": f"http://{addresses.exporter}/metrics"}
        if self._servers:
            urls["Prometheus"] = f"http://{addresses.prometheus}/alerts"
            urls["Alertmanager"] = f"http://{addresses.alertmanager}/"
        return {**urls, "files": str(self._files.directory)}

    def _phase(self, replay: Replay) -> Literal["before", "during", "after"]:
        first, last = self._incident()
        if replay.written <= first:
            return "before"
        return "during" if replay.written <= last else "after"

    def _incident(self) -> tuple[int, int]:
        lines = json.loads(INCIDENT.read_text(encoding="utf-8"))
        return lines["incident_first_line"], lines["incident_last_line"]

    def _elapsed(self) -> float:
        return time.monotonic() - self._begin

    def _notified(self, notification: Notification) -> None:
        self._latest.append(notification)
        self.verdict.take(notification)
        colour = "green" if notification.resolved else "red"
        name = {"slack": "Slack", "pagerduty": "PagerDuty"}[notification.service]
        text = Text.assemble((notification.title, "bold"), "\n", notification.text)
        title = f"{name}, after {notification.after:.0f} s"
        self._console.print(Panel(text, title=title, title_align="left", border_style=colour))

    def _tell(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _end_programs(self) -> None:
        for program in reversed(self._programs):
            program.stop()
