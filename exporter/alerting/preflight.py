"""What would keep notifications from arriving, found in Alertmanager's configuration beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exporter.alerting import secret_files
from exporter.alerting.routing import receivers, unguarded
from exporter.config import yaml_lines
from exporter.errors import UsageError

Where = tuple[str | int, ...]

_IN_THE_OPEN = (
    "api_url",
    "slack_api_url",
    "routing_key",
    "service_key",
    "password",
    "bearer_token",
)
_AN_ALERT = {
    "alertname": "ModelAccuracyLow",
    "job": "modeltail",
    "instance": "a",
    "model": "m",
}
_NOTIFIED = ("critical", "warning")


def problems(path: Path) -> list[str]:
    """Return a line for each problem, with file, line and field.

    Paths in the configuration are taken relative to its folder: Alertmanager itself takes those of
    secrets relative to where it was started.

    Raises
    ------
    UsageError
        If the file can't be read, or is no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    document = yaml_lines.read(text, str(path))
    if not isinstance(document.data, dict):
        return [f"{path}:1: expected a map with route and receivers"]
    found = [
        *_of_secrets(document.data, path.parent),
        *_of_templates(document.data, path.parent),
        *_of_receivers(document.data),
        *_of_routes(document.data),
        *_of_inhibitions(document.data),
    ]
    found.sort(key=lambda one: document.line(one[0]))
    return [
        f"{path}:{document.line(where)}: {'.'.join(map(str, where))}: {message}"
        for where, message in found
    ]


def _of_secrets(data: Any, folder: Path) -> Iterator[tuple[Where, str]]:
    for where, value in _leaves(data, ()):
        key = str(where[-1])
        if key in _IN_THE_OPEN and value:
            yield (
                where,
                f"a secret among the rest; put it into a file, and name that as {key}_file",
            )
        elif key.endswith("_file") and isinstance(value, str) and "tls_config" not in where:
            for problem in secret_files.problems(folder / value, key):
                yield where, f"{value}: {problem}"


def _leaves(node: Any, where: Where) -> Iterator[tuple[Where, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*where, str(key)))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _leaves(value, (*where, position))
    elif where:
        yield where, node


def _of_templates(data: Mapping[str, Any], folder: Path) -> Iterator[tuple[Where, str]]:
    for position, pattern in enumerate(data.get("templates") or ()):
        given = Path(str(pattern))
        root = Path(given.anchor) if given.is_absolute() else folder
        relative = given.relative_to(given.anchor) if given.is_absolute() else given
        if not any(root.glob(str(relative))):
            yield ("templates", position), f"no file matches {pattern}"


def _of_receivers(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    known = {str(one.get("name")) for one in data.get("receivers") or () if isinstance(one, dict)}
    used = set()
    for where, node in _routes(data.get("route"), ("route",)):
        name = node.get("receiver")
        if name is not None:
            used.add(str(name))
            if str(name) not in known:
                yield (*where, "receiver"), f"there is no receiver {name!r}"
    for position, one in enumerate(data.get("receivers") or ()):
        if isinstance(one, dict) and str(one.get("name")) not in used:
            yield ("receivers", position), f"no route leads to {one.get('name')!r}"


def _routes(node: Any, where: Where) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    if isinstance(node, dict):
        yield where, node
        for position, child in enumerate(node.get("routes") or ()):
            yield from _routes(child, (*where, "routes", position))


def _of_routes(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    route = data.get("route")
    if not isinstance(route, dict):
        yield ("route",), "expected a route with a receiver"
        return
    telling = {
        str(one.get("name"))
        for one in data.get("receivers") or ()
        if isinstance(one, dict) and any(key.endswith("_configs") and one[key] for key in one)
    }
    try:
        for severity in _NOTIFIED:
            found = receivers(route, {**_AN_ALERT, "severity": severity})
            if telling.isdisjoint(found):
                yield ("route",), f"alerts of severity {severity} are told to nobody"
        watchdog = list(receivers(route, {"alertname": "Watchdog", "severity": "none"}))
        others = set(receivers(route, {**_AN_ALERT, "severity": "warning"}))
        if telling.isdisjoint(watchdog) or not others.isdisjoint(watchdog):
            message = "Watchdog, which always fires, has no receiver of its own: nobody is told"
            yield ("route",), f"{message} that alerting has stopped"
    except ValueError as error:
        yield ("route",), str(error)


def _of_inhibitions(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    for position, rule in enumerate(data.get("inhibit_rules") or ()):
        where = ("inhibit_rules", position)
        try:
            labels = unguarded(rule)
            if labels:
                message = (
                    f"two alerts without {' and '.join(labels)} are equal as well, so that one"
                )
                yield (
                    (*where, "equal"),
                    f"{message} silences all such; ask for it: '{labels[0]}!=\"\"'",
                )
        except ValueError as error:
            yield where, str(error)
