"""What is promised, and what is left of the error budget."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, deploy_annotation
from panels import Json, lines, number, override, query, steps
from queries import MODEL, RECORDED, firing
from tables import coloured, table
from variables import variables

_OBJECTIVES = f'{RECORDED},slo=~"$slo"'
_LEFT = "job_model_slo:model_error_budget_remaining:ratio"
_EMPTY = (
    "Appears with `slo` of a model, and the rules that `modeltail rules generate` writes to "
    "prometheus/rules/slo.yml."
)
_BUDGET = steps("red", (0, "orange"), (0.25, "green"))
_ALERTS = f'alertname="ModelErrorBudgetBurn",{_OBJECTIVES}'


def slo() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-slo",
        "SLO and error budget",
        "What a model promises, how much may still go wrong, and how fast it does. First all "
        "models, then the chosen one.",
        variables=variables("model", "slo"),
        rows=[
            Row("All models, the worst first", [_ranking()]),
            Row("$model at a glance", _glance()),
            Row("Error budget", _budget()),
            Row("Events", _events()),
        ],
        annotations=[alert_annotation(RECORDED), deploy_annotation(MODEL)],
    )


def _ratio(length: str) -> str:
    return f"job_model_slo:model_sli_errors_per_events:ratio_rate{length}"


def _burn(length: str) -> str:
    return f"job_model_slo:model_burn_rate:ratio{length}"


def _ranking() -> Json:
    by, everywhere = "job, model, slo", '{job=~"$job"}'
    columns = {
        "Budget left": f"min by ({by}) ({_LEFT}{everywhere})",
        "Burns, 1 h": f"max by ({by}) ({_burn('1h')}{everywhere})",
        "Burns, 6 h": f"max by ({by}) ({_burn('6h')}{everywhere})",
        "Burns, 3 d": f"max by ({by}) ({_burn('3d')}{everywhere})",
        "Objective": f"max by ({by}) "
        '(model_slo_objective_ratio{job=~"$job",instance=~"$instance"})',
        "Bad, 1 d": f"max by ({by}) ({_ratio('1d')}{everywhere})",
        "Window": f'max by ({by}) (model_slo_window_seconds{{job=~"$job",instance=~"$instance"}})',
    }
    address = "/d/modeltail-slo?${__url_time_range}&${datasource:queryparam}&${job:queryparam}"
    return table(
        "Objectives",
        "One row an objective, that with the least budget left first; below 0 the promise is "
        "broken. It burns at 1 if the budget lasts exactly for the window of the objective. At "
        "14.4 the budget of thirty days is gone in two, which pages somebody.",
        columns,
        empty=_EMPTY,
        height=8,
        sort=[("Budget left", False), ("Burns, 1 h", True)],
        overrides=[
            override(
                "byName",
                "model",
                links=[
                    {
                        "title": "Show this model below",
                        "url": f"{address}&var-model=${{__data.fields.model}}",
                    }
                ],
            ),
            coloured("Budget left", _BUDGET),
            *(
                override("byName", name, unit="percentunit")
                for name in ("Budget left", "Objective", "Bad, 1 d")
            ),
            override("byName", "Window", unit="s"),
        ],
    )


def _glance() -> list[Json]:
    """Return the figures of the worst of the chosen objectives."""
    return [
        number(
            "Error budget left",
            "Of the worst of the chosen objectives, over its whole window. Below 0 the promise is "
            "broken: stop releases, repair.",
            f"min({_LEFT}{{{_OBJECTIVES}}})",
            empty=_EMPTY,
            unit="percentunit",
            width=6,
            levels=_BUDGET,
        ),
        number(
            "Burns",
            "How many times as fast as allowed the budget was used over the last hour.",
            f"max({_burn('1h')}{{{_OBJECTIVES}}})",
            empty=_EMPTY,
            unit="short",
            width=6,
            levels=steps("green", (1, "orange"), (14.4, "red")),
        ),
        number(
            "Firing",
            "Pairs of ranges, one long and one short, over which the budget burns too fast: "
            "ModelErrorBudgetBurn.",
            f"count({firing(_ALERTS)}) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=6,
            levels=steps("green", (1, "red")),
        ),
        number(
            "Unmeasured objectives",
            "Objectives of the configuration that Prometheus records nothing for: the rules are of "
            "another configuration, or no event has come yet.",
            f"count(max by (job, model, slo) (model_slo_objective_ratio{{{MODEL}}}) "
            "unless on (job, model, slo) "
            f"job_model_slo:model_sli_events:rate5m{{{RECORDED}}}) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=6,
            levels=steps("green", (1, "orange")),
        ),
    ]


def _budget() -> list[Json]:
    """Return what is left, and how fast it goes."""
    return [
        lines(
            "Error budget left",
            "Over the window of the objective, as far as Prometheus remembers. A slope is a "
            "steady trouble, a step an outage; it climbs again as bad days leave the window.",
            [query(f"{_LEFT}{{{_OBJECTIVES}}}", "{{slo}}")],
            empty=_EMPTY,
            unit="percentunit",
            highest=1,
            width=12,
            levels=steps("red", (0, "transparent")),
        ),
        lines(
            "Burn rate",
            "How many times as fast as allowed the budget is used, by the length that is looked "
            "back over. Both of a pair above its level fire: 1 h and 5 min above 14.4, 6 h and "
            "30 min above 6 page; 1 d and 2 h above 3, 3 d and 6 h above 1 warn.",
            [
                query(f"{_burn(length)}{{{_OBJECTIVES}}}", f"{{{{slo}}}} {length}")
                for length in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
            ],
            empty=_EMPTY,
            unit="short",
            lowest=0,
            width=12,
            levels=steps("transparent", (1, "yellow"), (6, "orange"), (14.4, "red")),
        ),
        table(
            "Budgets that burn",
            "Pairs of ranges that fire now. The shorter they are, the faster it goes.",
            {"Alerts": f"count by (slo, severity, long, short) ({firing(_ALERTS)})"},
            empty="No error budget of this model burns too fast.",
            width=24,
            height=5,
            sort=[("severity", False)],
        ),
    ]


def _events() -> list[Json]:
    """Return what counts, and what counts as bad."""
    return [
        lines(
            "Share of bad events",
            "Of all events, over five minutes, an hour and a day. What may be bad is the dashed "
            "line: 1 less the objective, the strictest of the chosen.",
            [
                *(
                    query(f"{_ratio(length)}{{{_OBJECTIVES}}}", f"{{{{slo}}}} {length}")
                    for length in ("5m", "1h", "1d")
                ),
                query(f"min(job_model_slo:model_error_budget:ratio{{{_OBJECTIVES}}})", "limit"),
            ],
            empty=_EMPTY,
            unit="percentunit",
            lowest=0,
            width=12,
        ),
        lines(
            "Events",
            "Per second, all and bad. Availability: attempts, and those that failed. Latency: "
            "those that took too long. Quality: labels and wrong predictions, or minutes.",
            [
                query(
                    f"job_model_slo:model_sli_{part}:rate5m{{{_OBJECTIVES}}}", f"{{{{slo}}}} {it}"
                )
                for part, it in (("events", "all"), ("errors", "bad"))
            ],
            empty=_EMPTY,
            unit="cps",
            lowest=0,
            width=12,
        ),
    ]
