from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demo.time_lapse import divide_duration, divide_ranges, lapse_routes, lapse_rules

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "factor", "expected"),
    [
        ("5m", 30, "10s"),
        ("1h30m", 60, "90s"),
        ("1d", 30, "2880s"),
        ("15s", 30, "500ms"),
        ("0s", 30, "0s"),
        ("0", 30, "0s"),
        ("1w", 7, "86400s"),
        ("1y", 365, "86400s"),
        ("1500ms", 3, "500ms"),
    ],
)
def test_durations_are_divided(text, factor, expected):
    """Every unit of Prometheus, alone and combined."""
    assert divide_duration(text, factor) == expected


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-5m", "5m!", "$__range"])
def test_what_is_no_duration_is_refused(text):
    """Better no time lapse than a rule that silently means something else."""
    with pytest.raises(ValueError, match="is no duration"):
        divide_duration(text, 30)


def test_ranges_hold_a_few_samples():
    """A range is not cut below four seconds, unless it was shorter as shipped."""
    assert divide_ranges("rate(x[1m]) + rate(y[2s]) + rate(z[5m])", 30) == (
        "rate(x[4s]) + rate(y[2s]) + rate(z[10s])"
    )


def test_offsets_become_shorter_like_the_ranges_before_them():
    """The older half of an hour stays the older half."""
    expression = 'last_over_time(x{y="offset 30m"}[30m] offset 30m)'
    lapsed = 'last_over_time(x{y="offset 30m"}[60s] offset 60s)'
    assert divide_ranges(expression, 30) == lapsed


def test_strings_are_left_alone():
    """A label may hold brackets, quotes and durations."""
    expression = r"""x{a="[5m]",b='[5m]',c=`[5m]`,d="\"[5m]"}[5m] > 300"""
    assert divide_ranges(expression, 30) == expression[: -len("[5m] > 300")] + "[10s] > 300"


@given(
    st.dictionaries(st.sampled_from(["h", "m", "s"]), st.integers(1, 50), min_size=1),
    st.integers(1, 100),
)
def test_division_is_exact_to_the_millisecond(parts, factor):
    """Reading the result back gives the duration divided."""
    order = sorted(parts, key="hms".index)
    text = "".join(f"{parts[unit]}{unit}" for unit in order)
    seconds = sum(parts[unit] * {"h": 3600, "m": 60, "s": 1}[unit] for unit in order)
    number, unit = re.fullmatch(r"(\d+)(ms|s)", divide_duration(text, factor)).groups()
    divided = int(number) / (1000 if unit == "ms" else 1)
    # Half a millisecond is what rounding costs at most; the rest is for floating point.
    assert divided == pytest.approx(seconds / factor, abs=0.0005 + 1e-9)


def test_a_rule_file_keeps_everything_else():
    """Names, labels, annotations and thresholds stay word for word."""
    document = {
        "groups": [
            {
                "name": "g",
                "interval": "30s",
                "rules": [
                    {
                        "alert": "ModelAccuracyLow",
                        "expr": 'max_over_time(x{window="5m"}[5m]) < 0.8',
                        "for": "5m",
                        "keep_firing_for": "10m",
                        "labels": {"severity": "critical"},
                        "annotations": {"description": "over the last 5m"},
                    },
                    {"record": "a:b:rate5m", "expr": "rate(b_total[5m])"},
                ],
            }
        ]
    }
    assert lapse_rules(document, 30) == {
        "groups": [
            {
                "name": "g",
                "rules": [
                    {
                        "alert": "ModelAccuracyLow",
                        "expr": 'max_over_time(x{window="5m"}[10s]) < 0.8',
                        "for": "10s",
                        "keep_firing_for": "20s",
                        "labels": {"severity": "critical"},
                        "annotations": {"description": "over the last 5m"},
                    },
                    {"record": "a:b:rate5m", "expr": "rate(b_total[10s])"},
                ],
            }
        ]
    }


def test_routes_are_lapsed_to_the_last_child():
    """Waits of nested routes as well; receivers and the rest stay."""
    document = {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "slack",
            "group_wait": "30s",
            "routes": [
                {"receiver": "p", "routes": [{"receiver": "q", "repeat_interval": "4h"}]},
                {"receiver": "r", "group_interval": "5m"},
            ],
        },
        "receivers": [{"name": "slack"}],
    }
    assert lapse_routes(document, 30) == {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "slack",
            "group_wait": "1s",
            "routes": [
                {"receiver": "p", "routes": [{"receiver": "q", "repeat_interval": "480s"}]},
                {"receiver": "r", "group_interval": "10s"},
            ],
        },
        "receivers": [{"name": "slack"}],
    }


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "prometheus" / "rules").glob("*.yml")), ids=lambda path: path.name
)
def test_every_shipped_rule_can_be_lapsed(path):
    """All of them keep their names, and none keeps a range that was shipped in minutes."""
    shipped = yaml.safe_load(path.read_text(encoding="utf-8"))
    lapsed = lapse_rules(shipped, 30)
    before = [rule for group in shipped["groups"] for rule in group["rules"]]
    after = [rule for group in lapsed["groups"] for rule in group["rules"]]
    assert [rule.get("alert", rule.get("record")) for rule in after] == [
        rule.get("alert", rule.get("record")) for rule in before
    ]
    for rule in after:
        assert not re.search(r"\[\d+[mhd]\]", rule["expr"])
        assert "for" not in rule or re.fullmatch(r"\d+m?s", rule["for"])
