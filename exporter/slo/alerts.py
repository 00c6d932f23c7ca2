"""The alerting rules of objectives: budgets that burn too fast, and objectives nobody measures."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.slo import burn
from exporter.slo.burn import Scaled, duration
from exporter.slo.plan import Plan
from exporter.slo.recordings import BUDGET_LEFT, burn_rate, errors, events, of_window
from exporter.slo.rule_text import alert, alternatives

FEWEST_ERRORS = 10
"""Bad events in the long window: fewer may be chance, or nobody's business at night."""

_RUNBOOKS = "https://github.com/modeltail/modeltail/blob/main/docs/runbooks"
_LEFT = (
    f'{{{{ with printf "{BUDGET_LEFT}{{job=%q,model=%q,slo=%q}}" $labels.job $labels.model '
    "$labels.slo | query }}{{ . | first | value | humanizePercentage }}{{ else }}an unknown share"
    "{{ end }}"
)


def alerts(plan: Plan) -> Iterator[str]:
    """Yield the rules: for each pair of windows one, the most urgent first."""
    levels = [level for days in plan.days for level in burn.scaled(days)]
    # Objectives over 10 and over 30 days share the pair 1d and 2h, and one rule serves both.
    pairs: dict[tuple[str, int, int], list[Scaled]] = {}
    for level in sorted(levels, key=lambda one: one.long):
        pairs.setdefault((level.level.severity, level.long, level.short), []).append(level)
    for together in pairs.values():
        yield _burning(plan, together)
    yield _unmeasured(plan)


def _burning(plan: Plan, levels: list[Scaled]) -> str:
    one = levels[0]
    long, short = duration(one.long), duration(one.short)
    return alert(
        "ModelErrorBudgetBurn",
        alternatives([_condition(plan, level) for level in levels]),
        duration(one.wait),
        {"severity": one.level.severity, "short": short, "long": long},
        {
            "summary": "A model uses up the error budget of an objective too fast.",
            "description": (
                "Model {{ $labels.model }} has used its error budget for {{ $labels.slo }} "
                f"{{{{ $value | humanize }}}} times as fast as its objective allows, over the last "
                f"{long} and still over the last {short}. Left of the budget is {_LEFT}."
            ),
            "runbook_url": f"{_RUNBOOKS}/modelerrorbudgetburn.md",
        },
    )


def _condition(plan: Plan, level: Scaled) -> str:
    factor = f"{level.level.factor:f}"
    half = duration(level.long // 2)
    return (
        f"last_over_time({burn_rate(level.long)}[5m]) > {factor}\n"
        "and\n"
        f"last_over_time({burn_rate(level.short)}[5m]) > {factor}\n"
        "and\n"
        f"avg_over_time({errors(plan)}[{duration(level.long)}]) * {level.long} "
        f">= {FEWEST_ERRORS}\n"
        "and\n"
        f"last_over_time({events(plan)}[{half}] offset {half})\n"
        "and\n"
        f"{of_window(level.window // burn.DAY)}"
    )


def _unmeasured(plan: Plan) -> str:
    # What was counted below an earlier limit stays part of the budget for the whole window.
    others = "".join(f" != {limit!r}" for limit in plan.limits)
    return alert(
        "ModelObjectiveUnmeasured",
        "max without (instance) (last_over_time(model_slo_objective_ratio[5m]))\n"
        "and on (job, model)\n"
        "last_over_time(model_last_prediction_timestamp_seconds[5m])\n"
        "unless\n"
        "(\n"
        f"  last_over_time({BUDGET_LEFT}[5m])\n"
        "  unless on (job, model, slo)\n"
        f"  last_over_time(model_slo_below_seconds[5m]){others}\n"
        ")",
        "1d",
        {"severity": "warning"},
        {
            "summary": "A model has an objective that nothing measures.",
            "description": (
                "Model {{ $labels.model }} makes predictions and promises {{ $value | "
                "humanizePercentage }} for {{ $labels.slo }}, but there is nothing to judge it by: "
                "its log lacks what is needed, or the rules are not those of its configuration."
            ),
            "runbook_url": f"{_RUNBOOKS}/modelobjectiveunmeasured.md",
        },
    )
