"""Logs that others write to as well: their lines are counted, and nobody is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import Configuration
from exporter.parsing.of_model import prediction_parser

MIXED = [b"INFO: started", b'{"prediction": "a"}', b"", b"[1]", b'{"prediction": "b"}']


def parser(**model):
    """Return the parser of a model."""
    models = [{"name": "m", "paths": ("log",), **model}]
    configuration = Configuration.model_validate({"models": tuple(models)})
    return prediction_parser(configuration.models[0], configuration, ())


def test_they_are_skipped_by_reason():
    """The records between them are read."""
    parsed = parser(others="skip").parse(MIXED, 0.0)
    assert parsed.batch.prediction.decode() == ["a", "b"]
    assert parsed.skipped == {"not_json": 1, "not_object": 1, "empty": 1}
    assert (parsed.rejected, parsed.examples) == ({}, {})


def test_they_are_rejected_unless_it_is_said():
    """A line that is damaged must not go unseen."""
    parsed = parser().parse(MIXED, 0.0)
    assert parsed.rejected == {"not_json": 1, "not_object": 1}


@pytest.mark.parametrize(
    "model",
    [{}, {"format": "logfmt"}, {"format": "regex", "pattern": "^(?P<prediction>[a-z])$"}],
)
@given(lines=st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)))
def test_every_line_is_accounted_for(model, lines):
    """Read = parsed + rejected + skipped, whatever the lines are."""
    parsed = parser(others="skip", **model).parse(lines, 0.0)
    assert parsed.parsed + sum(parsed.skipped.values()) == len(lines)
    assert not parsed.rejected


@pytest.mark.parametrize(
    ("pattern", "attempts", "failed"),
    [
        ('" (?:(?P<error_type>5..)|...)$', [True, True], [False, True]),
        ('" (?:(?P<error_type>5..)|(?P<prediction>...))$', [True, True], [False, True]),
        ('" (?:5..|(?P<prediction>...))$', [True], [False]),
    ],
)
def test_where_only_failures_are_told_each_match_is_an_attempt(pattern, attempts, failed):
    """Or all attempts would be failures. A pattern that finds more says what an attempt is."""
    lines = [b'"POST /predict" 200', b'"POST /predict" 503']
    batch = parser(format="regex", pattern=pattern).parse(lines, 0.0).batch
    assert batch.attempt.tolist() == attempts
    assert batch.failed.tolist() == failed
