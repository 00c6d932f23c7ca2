"""The recording rules of objectives: bad events and all of them, burn rates, what is left."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from textwrap import dedent

from exporter.slo import burn
from exporter.slo.burn import duration
from exporter.slo.plan import Plan, edge
from exporter.slo.rule_text import alternatives, recording

_PREFIX = "job_model_slo:"
BUDGET_LEFT = f"{_PREFIX}model_error_budget_remaining:ratio"
_BUDGET = f"{_PREFIX}model_error_budget:ratio"
_WINDOW = f"{_PREFIX}model_slo_window_seconds:max"
_JUDGED = "job_model:model_labels:increase1h"
_ACCURACY = "job_model:model_accuracy:ratio_increase1h"
_UPPER = "job_model:model_accuracy_upper:ratio_increase1h"
_SCRAPES = "5m"
"""How long facts are remembered, so that a failed scrape changes nothing."""

_Z = Decimal("1.959964")
"""The 97.5 percent quantile of the standard normal distribution."""


def events(plan: Plan) -> str:
    """Return the name of the events per second."""
    return f"{_PREFIX}model_sli_events:rate{duration(plan.base)}"


def errors(plan: Plan) -> str:
    """Return the name of the bad events per second."""
    return f"{_PREFIX}model_sli_errors:rate{duration(plan.base)}"


def burn_rate(seconds: int) -> str:
    """Return the name of the burn rate over a range."""
    return f"{_PREFIX}model_burn_rate:ratio{duration(seconds)}"


def _ratio(seconds: int) -> str:
    return f"{_PREFIX}model_sli_errors_per_events:ratio_rate{duration(seconds)}"


def of_window(days: int) -> str:
    """Return what holds for objectives over a number of days, and for no others."""
    return f"last_over_time({_WINDOW}[{_SCRAPES}]) == {days * burn.DAY}"


def recordings(plan: Plan) -> Iterator[str]:
    """Yield the rules, each after those that it needs."""
    yield from _facts()
    yield from _availability(plan)
    if plan.limits:
        yield from _latency(plan)
    yield from _quality(plan)
    yield from _ratios(plan)
    yield _budget_left(plan)


def _facts() -> Iterator[str]:
    yield recording(
        _BUDGET,
        f"min without (instance) (last_over_time(model_slo_error_budget_ratio[{_SCRAPES}]))",
        about="What exporters know of the objectives. Where two of them differ, as while a new "
        "configuration is rolled out, the stricter one holds.",
    )
    yield recording(
        _WINDOW, f"max without (instance) (last_over_time(model_slo_window_seconds[{_SCRAPES}]))"
    )


def _availability(plan: Plan) -> Iterator[str]:
    base = duration(plan.base)
    labels = "{slo: availability}"
    yield recording(
        events(plan),
        f"sum without (instance, version, class) (rate(model_predictions_total[{base}]))\n"
        "and on (job, model)\n"
        f'{_BUDGET}{{slo="availability"}}',
        labels=labels,
        about="Availability: attempts to predict, and those that failed. An error type has no "
        "series before its first error: no series stands for no errors.",
    )
    yield recording(
        errors(plan),
        "(\n"
        f"  sum without (instance, version, error_type) (rate(model_errors_total[{base}]))\n"
        "  and on (job, model)\n"
        f'  {events(plan)}{{slo="availability"}}\n'
        ")\n"
        "or ignoring (slo)\n"
        f'0 * {events(plan)}{{slo="availability"}}',
        labels=labels,
    )


def _latency(plan: Plan) -> Iterator[str]:
    base, labels = duration(plan.base), "{slo: latency}"

    def rate(le: str) -> str:
        return f'rate(model_latency_seconds_bucket{{le="{le}"}}[{base}])'

    def limited(sums: str, limit: float) -> str:
        return (
            f"{sums}\nand on (job, model)\n"
            f"last_over_time(model_slo_below_seconds[{_SCRAPES}]) == {limit!r}"
        )

    yield recording(
        events(plan),
        alternatives(
            [
                limited(
                    f"sum without (instance, version, le) (\n"
                    f"  {rate('+Inf')}\n  and ignoring (le)\n  {rate(edge(limit))}\n)",
                    limit,
                )
                for limit in plan.limits
            ]
        ),
        labels=labels,
        about="Latency: predictions whose time is known, and those that took longer than "
        f"{_either(plan.limits)} s, each for the models that promise it. An exporter whose "
        "histogram has no such edge yet is left out.",
    )
    yield recording(
        errors(plan),
        alternatives(
            [
                limited(
                    f"sum without (instance, version, le) (\n  clamp_min(\n"
                    f"    {rate('+Inf')}\n    - ignoring (le)\n    {rate(edge(limit))},\n"
                    f"    0\n  )\n)",
                    limit,
                )
                for limit in plan.limits
            ]
        ),
        labels=labels,
    )


def _quality(plan: Plan) -> Iterator[str]:
    """Yield the rules for shares of labels, and for shares of minutes."""
    yield from _accuracy()
    base, labels = duration(plan.base), "{slo: quality}"

    def of_labels(counter: str) -> str:
        return dedent(f"""\
            (
              sum without (instance, version) (rate({counter}[{base}]))
              and on (job, model)
              {_BUDGET}{{slo="quality"}}
            )
            unless on (job, model)
            last_over_time(model_slo_accuracy_ratio[{_SCRAPES}])""")

    yield recording(
        events(plan),
        alternatives([of_labels("model_labels_total"), f"({_JUDGED} > 0) * 0 + 1 / 60"]),
        labels=labels,
        about="Quality: labels as they come in, and wrong predictions among them. Or minutes, one "
        "sixtieth of them a second, and those that are bad.",
    )
    bad_minutes = (
        f"(\n  {_UPPER}\n  < bool ignoring (slo)\n"
        f"  min without (instance) (last_over_time(model_slo_accuracy_ratio[{_SCRAPES}]))\n) / 60"
    )
    yield recording(
        errors(plan),
        alternatives([of_labels("model_labels_incorrect_total"), bad_minutes]),
        labels=labels,
    )


def _accuracy() -> Iterator[str]:
    square = _Z * _Z

    def counted(counter: str) -> str:
        return f"sum without (instance, version) (increase({counter}[1h]))"

    yield recording(
        _JUDGED,
        f"{counted('model_labels_total')}\nand on (job, model)\n"
        f"last_over_time(model_slo_accuracy_ratio[{_SCRAPES}])",
        about="Where quality is promised for a share of minutes: the upper end of Wilson's 95 % "
        "interval of the accuracy, over the labels that came in within an hour.",
    )
    yield recording(
        _ACCURACY,
        f"clamp_min(\n  1 - {counted('model_labels_incorrect_total')} / ({_JUDGED} > 0),\n  0\n)",
    )
    yield recording(
        _UPPER,
        f"(\n  {_ACCURACY} + {_text(square / 2)} / {_JUDGED}\n"
        f"  + {_text(_Z)} * sqrt(\n"
        f"    {_ACCURACY} * (1 - {_ACCURACY}) / {_JUDGED}\n"
        f"    + {_text(square / 4)} / {_JUDGED} ^ 2\n  )\n)\n"
        f"/\n(1 + {_text(square)} / {_JUDGED})",
    )


def _ratios(plan: Plan) -> Iterator[str]:
    about = (
        "Bad events among all. Those of longer ranges add up what is recorded above: few series, "
        "and hours of much traffic weigh as much as they should."
    )
    for seconds in plan.ranges:
        span = duration(seconds)
        bad, every = (
            name if seconds == plan.base else f"sum_over_time({name}[{span}])"
            for name in (errors(plan), events(plan))
        )
        yield recording(_ratio(seconds), f"{bad}\n/\n({every} > 0)", about=about)
        about = ""
    about = "How many times as fast as the objective allows the budget is used."
    for seconds in plan.ranges:
        yield recording(burn_rate(seconds), f"{_ratio(seconds)}\n/\n{_BUDGET}", about=about)
        about = ""


def _budget_left(plan: Plan) -> str:
    parts = []
    for days in plan.days:
        span = duration(days * burn.DAY)
        parts.append(
            "1 -\n"
            f"  sum_over_time({errors(plan)}[{span}])\n"
            f"  / (sum_over_time({events(plan)}[{span}]) > 0)\n"
            f"  / {_BUDGET}\n"
            f"and\n{of_window(days)}"
        )
    return recording(
        BUDGET_LEFT,
        alternatives(parts),
        about="What is left of the budget of an objective's window; below 0 the objective is "
        "missed.",
    )


def _either(limits: tuple[float, ...]) -> str:
    return " or ".join(f"{limit:g}" for limit in limits)


def _text(number: Decimal) -> str:
    return f"{number:.6f}"
