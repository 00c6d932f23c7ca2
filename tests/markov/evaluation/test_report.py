from __future__ import annotations

import json

from exporter.markov.evaluation import report
from exporter.markov.evaluation.summary import Summary
from tests.markov.evaluation.test_summary import differing, trial

SUMMARY = differing({"a": [0.1, 0.1], "b": [0.3, 0.3]})


def test_tables_of_means_and_of_differences():
    """One table a kind of anomaly, one row a class and scorer, then the gains."""
    lines = [" ".join(line.split()) for line in report.text(SUMMARY, "theirs").splitlines()]
    assert lines[:4] == [
        "both: mean (standard deviation) over pairs",
        "class scorer pairs precision at 10 recall at R found lenient p. at 10 lenient r. at R",
        "same theirs 4" + " 0.50 (0.00)" * 5,
        "same ours 4" + " 0.70 (0.12)" * 5,
    ]
    assert lines[5:] == [
        "ours less theirs, on the same pairs: mean [95 % interval over test hosts]",
        "anomalies class pairs hosts precision at 10 recall at R found",
        "both same 4 2" + " +0.20 [+0.10, +0.30]" * 3,
    ]


def test_one_pair_has_no_deviation_and_one_host_no_interval():
    """The tables say so, the JSON has null."""
    summary = Summary([trial("x", "host", "a", 0, 0.3), trial("y", "host", "a", 0, 0.4)])
    assert "+0.10 [one host]" in report.text(summary, "x")
    assert "0.30 (one pair)" in report.text(summary, "x")
    assert json.loads(report.as_json(summary, "x"))["means"][0]["deviation"] is None
    assert json.loads(report.as_json(summary, "x"))["differences"][0]["low"] is None


def test_json_holds_the_same():
    """Of every measure; without a scorer to compare with there are no differences."""
    found = json.loads(report.as_json(SUMMARY, "theirs"))
    assert found["means"][0] == {
        "scorer": "theirs",
        "kind": "both",
        "similarity": "same",
        "measure": "precision",
        "mean": 0.5,
        "deviation": 0.0,
        "pairs": 4,
    }
    assert found["pairs"][4] == {
        "scorer": "ours",
        "kind": "both",
        "similarity": "same",
        "host": "a",
        "train": "train",
        "test": "a0",
        **dict.fromkeys(report.HEADINGS, 0.6),
    }
    assert [each["measure"] for each in found["differences"]] == list(report.HEADINGS)
    assert json.loads(report.as_json(SUMMARY, None))["differences"] == []
