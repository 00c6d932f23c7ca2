"""PromQL that panels share: selectors by the dashboard's variables, rates, limits."""

from __future__ import annotations

from panels import LIMIT, Json, query

EXPORTER = 'job=~"$job",instance=~"$instance"'
FLEET = f'{EXPORTER},model=~"$models"'
MODEL = f'{EXPORTER},model="$model"'
VERSION = f'{MODEL},version=~"$version"'
WINDOW = f'{VERSION},window="$window"'
HOSTS = f'{EXPORTER},host=~"$host"'
HOSTS_WINDOW = f'{HOSTS},window="$window"'
RECORDED = 'job=~"$job",model="$model"'
"""Of recorded series, and of alerts: those of a fleet belong to no instance."""
BY_VERSION = "{{version}} {{instance}}"


def rate(counter: str, selector: str, by: str) -> str:
    """Return the rate of a counter, added up by a label."""
    return f"sum by ({by}) (rate({counter}{{{selector}}}[$__rate_interval]))"


def increase(counter: str, selector: str, by: str, length: str) -> str:
    """Return how much a counter grew over a length of time, added up by a label."""
    return f"sum by ({by}) (increase({counter}{{{selector}}}[{length}]))"


def share(part: str, whole: str, selector: str, by: str, length: str = "$__rate_interval") -> str:
    """Return the growth of one counter over that of another; nothing where the other stands."""
    return f"{increase(part, selector, by, length)} / ({increase(whole, selector, by, length)} > 0)"


def accuracy(selector: str, by: str, length: str) -> str:
    """Return the share of right labels over a length of time, added up over a fleet first."""
    return (
        f"1 - {share('model_labels_incorrect_total', 'model_labels_total', selector, by, length)}"
    )


def quantile(q: float, histogram: str, selector: str, by: str = "") -> str:
    """Return a quantile of a histogram, its buckets added up by a label."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q:g}, {rate(f'{histogram}_bucket', selector, labels)})"


def buckets(histogram: str, selector: str) -> str:
    """Return how much each bucket of a histogram grew, for a heat map."""
    return f"sum by (le) (increase({histogram}_bucket{{{selector}}}[$__rate_interval]))"


def limit(name: str, divisor: int = 1) -> Json:
    """Return the query of the threshold `name` of the model, or a part of it as alerts have it."""
    whole = f'max(model_threshold{{{MODEL},name="{name}"}})'
    return query(whole if divisor == 1 else f"{whole} / {divisor}", LIMIT)


def firing(selector: str) -> str:
    """Return the selector of the alerts that fire."""
    return f'ALERTS{{alertstate="firing",{selector}}}'
