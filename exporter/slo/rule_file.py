"""The file of rules that ``modeltail rules generate`` writes."""

from __future__ import annotations

from exporter.slo.alerts import FEWEST_ERRORS, alerts
from exporter.slo.burn import DAY, MINUTE, duration
from exporter.slo.plan import Plan
from exporter.slo.recordings import recordings
from exporter.slo.rule_text import comment, group


def render(plan: Plan) -> str:
    """Return the rules for objectives over some windows, as YAML; the same for the same plan."""
    return f"""\
{_header(plan)}groups:
  # Every minute: what is added up over days needs no more.
{group("modeltail-slo", duration(MINUTE), list(recordings(plan)))}
  # Common to the alerts on budgets: the long window shows that it matters, the short one that it
  # still goes on. There are at least {FEWEST_ERRORS} bad events in the long one, and events were
  # counted in its older half: of a model's first minutes nothing follows for days.
{group("modeltail-slo-alerts", duration(MINUTE), list(alerts(plan)))}"""


def _header(plan: Plan) -> str:
    windows = ", ".join(duration(days * DAY) for days in plan.days)
    limits = ", ".join(f"{limit:g} s" for limit in plan.limits) or "none"
    return comment(
        "Written by `modeltail rules generate`: change the configuration, not this file."
    ) + comment(
        f"Good for every model whose objectives are over {windows} and whose limits of latency are "
        f"{limits}: nothing else of the configuration is in here, objectives are read from "
        "`model_slo_objective_ratio` and its like. Generate it again when an objective has another "
        "window or another limit; ModelObjectiveUnmeasured fires until then."
    )
