"""The variables of dashboards; one of a name is the same wherever it is."""

from __future__ import annotations

from panels import DATASOURCE, Json
from queries import EXPORTER, FLEET, HOSTS, MODEL, VERSION

_FROM = {
    "job": "modeltail_build_info",
    "instance": 'modeltail_build_info{job=~"$job"}',
    "models": f"model_info{{{EXPORTER}}}",
    "model": f"model_info{{{EXPORTER}}}",
    "version": f"model_window_predictions{{{MODEL}}}",
    "slo": f"model_slo_objective_ratio{{{MODEL}}}",
    "feature": f"model_drift_evaluable{{{VERSION}}}",
    "host": f"syslog_messages_total{{{EXPORTER}}}",
}
_MANY = ("job", "instance", "models", "version", "slo", "host")
_LABELS = {"models": "model"}


def variables(*names: str, windows_of: str = "model") -> list[Json]:
    """Return the variables `datasource`, `job`, `instance`, then those of `names`.

    Parameters
    ----------
    windows_of
        Whose windows can be chosen: of the `model`, the `models` or the `host` that is.
    """
    windows = {
        "model": f"model_window_predictions{{{MODEL}}}",
        "models": f"model_window_predictions{{{FLEET}}}",
        "host": f"syslog_window_messages{{{HOSTS}}}",
    }
    selectors = {**_FROM, "window": windows[windows_of]}
    every = ("job", "instance", *names)
    return [_data_source(), *(_label_values(name, selectors[name]) for name in every)]


def _data_source() -> Json:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "current": {"text": "default", "value": "default"},
        "hide": 0,
        "refresh": 1,
        "regex": "",
    }


def _label_values(name: str, selector: str) -> Json:
    """Return the variable with the values that a label has in the series of `selector`."""
    many = name in _MANY
    variable: Json = {
        "type": "query",
        "name": name,
        "label": "SLO" if name == "slo" else name.capitalize(),
        "datasource": DATASOURCE,
        "query": {
            "query": f"label_values({selector}, {_LABELS.get(name, name)})",
            "refId": f"{name}-variable",
        },
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "regex": "",
        "multi": many,
        "includeAll": many,
    }
    if many:
        variable |= {"allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}}
    return variable
