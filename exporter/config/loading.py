"""From a YAML file to a valid configuration, or to an error that says where and what."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from exporter.config import yaml_lines
from exporter.config.drift import DriftSettings
from exporter.config.models import Configuration
from exporter.config.registry import RegistrySettings
from exporter.config.rules import Privacy, Rules, RuleSet
from exporter.config.section import Section
from exporter.config.server import ServerSettings
from exporter.errors import UsageError
from exporter.tailing.patterns import STDIN

Kind = TypeVar("Kind", bound=Section)

_EXPECTED = {
    "tuple_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "string_type": "a text",
    "path_type": "a path",
    "int_type": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
}
"""pydantic's error types, in the words of YAML."""


def load(path: Path) -> Configuration:
    """Read and validate a configuration file.

    Paths of the file that are relative are taken relative to the file's own folder.

    Raises
    ------
    UsageError
        One line for each mistake: ``file:line: key: what is wrong``.
    """
    return _resolve(parse(read_text(path, "configuration"), str(path)), path.parent)


def with_included(rules: Rules) -> Rules:
    """Return rules together with those of the file that they include.

    What they say of a field takes the place of what the file says.

    Raises
    ------
    UsageError
        As in :func:`load`.
    """
    if rules.include is None:
        return rules
    included = parse_as(RuleSet, read_text(rules.include, "rules"), str(rules.include))
    return rules.model_copy(
        update={
            "fields": {**included.fields, **rules.fields},
            "compare": tuple(dict.fromkeys((*included.compare, *rules.compare))),
        }
    )


def read_text(path: Path, what: str) -> str:
    """Return the content of a file; `what` says in errors what it is.

    Raises
    ------
    UsageError
        If it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: can't read the {what}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: can't read the {what}: {error}") from error


def parse(text: str, name: str) -> Configuration:
    """Validate the text of a configuration file; `name` stands for it in errors.

    Raises
    ------
    UsageError
        As in :func:`load`.
    """
    return parse_as(Configuration, text, name)


def parse_as(kind: type[Kind], text: str, name: str) -> Kind:
    """Validate a text that holds one section of a configuration, or all of it.

    Raises
    ------
    UsageError
        As in :func:`load`.
    """
    document = yaml_lines.read(text, name)
    if document.data is None:
        raise UsageError(f"{name}:1: the configuration is empty")
    try:
        return kind.model_validate(document.data)
    except pydantic.ValidationError as error:
        problems = [_problem(kind, detail, document) for detail in _causes(error.errors())]
        lines = [f"{name}:{line}: {problem}" for line, problem in sorted(problems)]
        raise UsageError("\n".join(dict.fromkeys(lines))) from error


def _causes(details: Sequence[Any]) -> Iterator[Any]:
    """Leave out that a list is too short where the reason is that its entries are wrong."""
    for detail in details:
        path = detail["loc"]
        within = any(other["loc"][:-1] == path for other in details)
        if detail["type"] != "too_short" or not within:
            yield detail


def _problem(root: type[Section], detail: Any, document: yaml_lines.Document) -> tuple[int, str]:
    path = tuple(part for part in detail["loc"] if not str(part).startswith("["))
    key = ".".join(map(str, path)) or "the file"
    kind, given = detail["type"], f"{detail['input']!r:.80}"
    if kind == "extra_forbidden":
        message = "unknown key" + _suggestion(root, path)
    elif kind == "missing":
        message = "the key is missing"
    elif kind == "invalid_key":
        # The line is known under the text of the key.
        path = (*path[:-1], key.rpartition(".")[2])
        message = "expected a text as the key"
    elif kind == "value_error":
        message = str(detail["ctx"]["error"])
    elif kind in _EXPECTED:
        message = f"expected {_EXPECTED[kind]}, got {given}"
    elif kind in ("too_short", "too_long"):
        bounds = detail["ctx"]
        bound = (
            f"at least {bounds['min_length']}"
            if kind == "too_short"
            else f"at most {bounds['max_length']}"
        )
        message = f"expected {bound} valid entries"
    else:
        message = f"expected {detail['msg'].removeprefix('Input should be ')}, got {given}"
    return document.line(path), yaml_lines.one_line(f"{key}: {message}")


def _suggestion(root: type[Section], path: tuple[str | int, ...]) -> str:
    model: Any = root
    for part in path[:-1]:
        if isinstance(part, int) or part not in model.model_fields:
            # A position in a list, or a name in a map.
            continue
        model = _section(model, part)
        if model is None:
            return ""
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"


def _section(model: Any, key: str) -> Any:
    """Return the section class that `key` of `model` holds, whatever container is around it."""
    field = model.model_fields.get(key) if hasattr(model, "model_fields") else None
    pending = [] if field is None else [field.annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
            return annotation
        pending += getattr(annotation, "__args__", ())
    return None


def _paths(paths: Sequence[str], folder: Path) -> tuple[str, ...]:
    return tuple(path if path == STDIN else str(folder / path) for path in paths)


def _resolved_drift(drift: DriftSettings, folder: Path) -> DriftSettings:
    if not isinstance(drift.reference, Path):
        return drift
    return drift.model_copy(update={"reference": folder / drift.reference})


def _resolved_rules(rules: Rules, folder: Path) -> Rules:
    if rules.include is None:
        return rules
    return rules.model_copy(update={"include": folder / rules.include})


def _resolved_privacy(privacy: Privacy, folder: Path) -> Privacy:
    if privacy.hash_key_file is None:
        return privacy
    return privacy.model_copy(update={"hash_key_file": folder / privacy.hash_key_file})


def _resolved_registry(registry: RegistrySettings, folder: Path) -> RegistrySettings:
    return registry.model_copy(update={"file": folder / registry.file})


def _resolved_server(server: ServerSettings, folder: Path) -> ServerSettings:
    return server.model_copy(update={"pid_file": server.pid_file and folder / server.pid_file})


def _resolve(configuration: Configuration, folder: Path) -> Configuration:
    models = tuple(
        source.model_copy(
            update={
                "paths": _paths(source.paths, folder),
                "drift": source.drift and _resolved_drift(source.drift, folder),
                "rules": source.rules and _resolved_rules(source.rules, folder),
                "server": source.server and _resolved_server(source.server, folder),
            }
        )
        for source in configuration.models
    )
    syslog = tuple(
        source.model_copy(
            update={
                "paths": _paths(source.paths, folder),
                "model": source.model and folder / source.model,
            }
        )
        for source in configuration.syslog
    )
    dependencies = tuple(
        one.model_copy(
            update={
                "path": one.path and folder / one.path,
                "directory": one.directory and folder / one.directory,
            }
        )
        for one in configuration.dependencies
    )
    storage = configuration.storage
    if storage.path is not None:
        storage = storage.model_copy(update={"path": folder / storage.path})
    return configuration.model_copy(
        update={
            "models": models,
            "syslog": syslog,
            "dependencies": dependencies,
            "storage": storage,
            "registry": configuration.registry
            and _resolved_registry(configuration.registry, folder),
            "privacy": _resolved_privacy(configuration.privacy, folder),
        }
    )
