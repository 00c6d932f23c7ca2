"""PromQL that panels share: selectors by the dashboard's variables, rates, limits."""

from __future__ import annotations

from panels import LIMIT, Json, query

EXPORTER = 'job=~"$job",instance=~"$instance"'
MODEL = f'{EXPORTER},model="$model"'
VERSION = f'{MODEL},version=~"$version"'
WINDOW = f'{VERSION},window="$window"'
HOSTS = f'{EXPORTER},window="$window"'
BY_VERSION = "{{version}} {{instance}}"


def rate(counter: str, selector: str, by: str) -> str:
    """Return the rate of a counter, added up by a label."""
    return f"sum by ({by}) (rate({counter}{{{selector}}}[$__rate_interval]))"


def buckets(histogram: str, selector: str) -> str:
    """Return how much each bucket of a histogram grew, for a heat map."""
    return f"sum by (le) (increase({histogram}_bucket{{{selector}}}[$__rate_interval]))"


def limit(name: str) -> Json:
    """Return the query of the threshold `name` of the model."""
    return query(f'max(model_threshold{{{MODEL},name="{name}"}})', LIMIT)
