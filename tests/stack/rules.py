"""The shipped rules as data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

# Another version than the one of PATH, such as that of Prometheus 3.
PROMTOOL = os.environ.get("MODELTAIL_PROMTOOL", "promtool")

ROOT = Path(__file__).parents[2]
RULE_FILES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
TEST_FILES = sorted((ROOT / "prometheus" / "tests").glob("*.yml"))


def all_rules() -> list[dict[str, Any]]:
    """Return every rule of every file."""
    documents = [yaml.safe_load(path.read_text()) for path in RULE_FILES]
    return [
        rule for document in documents for group in document["groups"] for rule in group["rules"]
    ]


def alerts() -> list[dict[str, Any]]:
    """Return the alerting rules; a name may come at more than one severity."""
    return [rule for rule in all_rules() if "alert" in rule]


def recordings() -> list[dict[str, Any]]:
    """Return the recording rules."""
    return [rule for rule in all_rules() if "record" in rule]


def alert_names() -> list[str]:
    """Return the names of the alerts, each once, sorted."""
    return sorted({rule["alert"] for rule in alerts()})
