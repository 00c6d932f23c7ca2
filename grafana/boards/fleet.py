"""All models at a glance, the worst first."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, deploy_annotation
from panels import Json, lines, number, override, query, steps
from queries import EXPORTER, FLEET, accuracy, firing, quantile, rate, share
from tables import coloured, link, table
from variables import variables

_ALERTS = 'job=~"$job",model=~"$models"'
_WINDOW = f'{FLEET},window="$window"'
_BY = "job, model"
_FIRST_PREDICTION = "Appears with the first prediction: a model under `models` whose log is read."
_FIRST_LABEL = "Appears with the first true labels: `true_label` in the log of a model."
_CALM = steps("green", (1, "orange"))
_ALARM = steps("green", (1, "red"))


def fleet() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-fleet",
        "Fleet",
        "All models at a glance, the worst first: who is wrong, unsure, slow, failing, drifting, "
        "or out of budget. Click on a model to see it alone.",
        variables=variables("models", "window", windows_of="models"),
        rows=[
            Row("Now", _now()),
            Row("Models, the worst first", [_ranking(), _alerts()]),
            Row("Side by side", _side_by_side()),
        ],
        annotations=[alert_annotation(_ALERTS), deploy_annotation(FLEET)],
    )


def _count(expression: str) -> str:
    return f"count({expression}) or vector(0)"


def _severity(severity: str) -> str:
    return firing(f'severity="{severity}",{_ALERTS}')


def _now() -> list[Json]:
    """Return how many models are well."""
    below = (
        f"count(max by ({_BY}) (model_accuracy_upper_ratio{{{_WINDOW}}}) "
        f'< on ({_BY}) max by ({_BY}) (model_threshold{{{FLEET},name="min_accuracy"}}))'
    )
    drifting = f"max by ({_BY}) (model_drift_detected{{{_WINDOW}}}) > 0"
    return [
        number(
            "Models",
            "How many models the chosen exporters watch. Fewer than before: an exporter is gone.",
            f"count(group by ({_BY}) (model_info{{{FLEET}}}))",
            empty="Appears when Prometheus has scraped an exporter with `models`.",
            unit="short",
        ),
        number(
            "Critical alerts",
            "Alerts about models that page somebody. The table below says which.",
            _count(_severity("critical")),
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_ALARM,
        ),
        number(
            "Warnings",
            "Alerts about models that want to be looked at today.",
            _count(_severity("warning")),
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_CALM,
        ),
        number(
            "Not accurate enough",
            "Models whose accuracy is below their limit beyond doubt: the whole 95 % interval of "
            "the best instance and version is, over the chosen window.",
            f"{below} or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_ALARM,
        ),
        number(
            "Drifting",
            "Models with a feature that is not like the reference in the chosen window.",
            _count(drifting),
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_CALM,
        ),
        number(
            "Out of budget",
            "Objectives of models whose error budget is used up: the promise is broken.",
            _count(f"job_model_slo:model_error_budget_remaining:ratio{{{_ALERTS}}} < 0"),
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_ALARM,
        ),
        number(
            "Predictions",
            "Per second, all models together.",
            f"sum(rate(model_predictions_total{{{FLEET}}}[$__rate_interval]))",
            empty=_FIRST_PREDICTION,
            unit="reqps",
        ),
        number(
            "Exporters down",
            "Exporters that Prometheus could not scrape. Their models are missing below.",
            f"count(up{{{EXPORTER}}} == 0) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            levels=_ALARM,
        ),
    ]


def _ranking() -> Json:
    known = f"0 * group by ({_BY}) (model_info{{{FLEET}}})"
    columns = {
        "Critical": f"count by ({_BY}) ({_severity('critical')}) or {known}",
        "Warnings": f"count by ({_BY}) ({_severity('warning')}) or {known}",
        "Budget left": f"min by ({_BY}) "
        f"(job_model_slo:model_error_budget_remaining:ratio{{{_ALERTS}}})",
        "Accuracy": accuracy(FLEET, _BY, "$window"),
        "Least accuracy": f'max by ({_BY}) (model_threshold{{{FLEET},name="min_accuracy"}})',
        "Estimated": f"min by ({_BY}) (model_estimated_accuracy_ratio{{{_WINDOW}}})",
        "Confidence": f"min by ({_BY}) (model_confidence_mean{{{_WINDOW}}})",
        "Failed": f"max by ({_BY}) (model_error_ratio{{{_WINDOW}}})",
        "p95": f'max by ({_BY}) (model_latency_quantile_seconds{{{_WINDOW},q="0.95"}})',
        "Drifting": f"max by ({_BY}) (sum without (feature) (model_drift_detected{{{_WINDOW}}}))",
        "Last prediction": f"time() - max by ({_BY}) "
        f"(model_last_prediction_timestamp_seconds{{{FLEET}}})",
    }
    return table(
        "Models",
        "One row a model, those with critical alerts first, then those with warnings, then by what "
        "is left of the error budget, then by accuracy over the chosen window. Confidence, "
        "estimate, failures and 95th percentile are those of the worst instance and version; "
        "drifting is a number of features. A dash: not measured, or not configured.",
        columns,
        empty="Appears when Prometheus has scraped an exporter with `models`.",
        unit="percentunit",
        height=10,
        sort=[("Critical", True), ("Warnings", True), ("Budget left", False), ("Accuracy", False)],
        overrides=[
            link("model", "Look at this model", "modeltail-model", model="model"),
            link("Drifting", "Look at its drift", "modeltail-drift", model="model"),
            link("Budget left", "Look at its objectives", "modeltail-slo", model="model"),
            coloured("Critical", _ALARM),
            coloured("Warnings", _CALM),
            coloured("Drifting", _CALM),
            coloured("Budget left", steps("red", (0, "orange"), (0.25, "green"))),
            *(override("byName", name, unit="short") for name in ("Critical", "Warnings")),
            *(override("byName", name, unit="s") for name in ("p95", "Last prediction")),
            override("byName", "Drifting", unit="short"),
        ],
    )


def _alerts() -> Json:
    labels = "alertname, severity, model, version, slo, window"
    return table(
        "Firing alerts",
        "What fires now, about which model, and how many times over (instances, features). The "
        "runbook of each is docs/runbooks/<alert in small letters>.md.",
        {"Number": f"count by ({labels}) ({firing(_ALERTS)})"},
        empty="No alert about a model fires.",
        height=7,
        sort=[("severity", False)],
        overrides=[link("model", "Look at this model", "modeltail-model", model="model")],
    )


def _side_by_side() -> list[Json]:
    """Return one line a model."""
    failed = share("model_errors_total", "model_predictions_total", FLEET, "model")
    none_failed = f"0 * sum by (model) (rate(model_predictions_total{{{FLEET}}}[$__rate_interval]))"
    return [
        lines(
            "Accuracy",
            "Share of right labels over the length of the chosen window, added up over instances "
            "and versions. Models with few labels jump.",
            [query(accuracy(FLEET, "model", "$window"), "{{model}}")],
            empty=_FIRST_LABEL,
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Estimated accuracy",
            "What the confidences of the chosen window promise, calibrated on the reference; the "
            "worst instance and version. It needs no labels, so it moves first.",
            [
                query(
                    f"min by (model) (model_estimated_accuracy_ratio{{{_WINDOW}}})",
                    "{{model}}",
                )
            ],
            empty="Appears with a reference (`drift.reference`) that was built from predictions "
            "with probabilities or confidences and labels.",
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Error budget left",
            "Of the objective that is worst off. Below 0 the promise is broken.",
            [
                query(
                    "min by (model) "
                    f"(job_model_slo:model_error_budget_remaining:ratio{{{_ALERTS}}})",
                    "{{model}}",
                )
            ],
            empty="Appears with `slo` of a model, and Prometheus' rules in slo.yml.",
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Predictions",
            "Per second. A line that ends at 0 is a model that nobody asks any more.",
            [query(rate("model_predictions_total", FLEET, "model"), "{{model}}")],
            empty=_FIRST_PREDICTION,
            unit="reqps",
            lowest=0,
        ),
        lines(
            "Failed predictions",
            "Share of the attempts that ended in an error.",
            [query(f"{failed} or {none_failed}", "{{model}}")],
            empty=_FIRST_PREDICTION,
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "Latency, 95th percentile",
            "From the histograms of all instances and versions together.",
            [query(quantile(0.95, "model_latency_seconds", FLEET, "model"), "{{model}}")],
            empty="Appears with the first prediction that logs `latency_ms`, `_s` or `_us`.",
            unit="s",
            lowest=0,
        ),
        lines(
            "Share of features that drift",
            "In the chosen window, of those that could be tested; the worst instance and version.",
            [query(f"max by (model) (model_drift_features_ratio{{{_WINDOW}}})", "{{model}}")],
            empty="Appears with `drift.reference` of a model and enough predictions in the window.",
            unit="percentunit",
            lowest=0,
            highest=1,
            width=12,
        ),
        lines(
            "Firing alerts",
            "Number by name. What stands at the left edge has been firing for longer than the time "
            "on display.",
            [query(f"count by (alertname) ({firing(_ALERTS)})", "{{alertname}}")],
            empty="No alert about a model fired in this time.",
            unit="short",
            lowest=0,
            width=12,
            stacked=True,
        ),
    ]
