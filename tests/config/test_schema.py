from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from exporter.config.models import Configuration
from exporter.config.schema import json_schema

TESTDATA = Path(__file__).parent / "testdata"
BEYOND = {"field", "field-key", "field-overlap", "field-overlap-default", "field-twice"} | {
    "csv-delimiter",
    "csv-delimiter-long",
    "csv-elsewhere",
    "csv-leading-fields",
    "csv-others",
    "drift-delay",
    "drift-delay-alone",
    "drift-trailing",
    "duplicate-key",
    "field-empty",
    "field-twice-flat",
    "memory",
    "registry-interval",
    "memory-zero",
    "name",
    "nothing-to-do",
    "pattern",
    "pattern-absent",
    "pattern-elsewhere",
    "pattern-field",
    "pattern-groups",
    "ratio-nan",
    "repeated-name",
    "slo-loose",
    "slo-task",
    "slo-window",
    "publish-interval",
    "stdin-twice",
    "timezone",
    "window-short",
    "window-twice",
    "window-zero",
}
"""Mistakes that JSON Schema does not express here; `modeltail check` finds them."""
NO_DATA = {"control", "tab", "yaml"}
"""Files that are no YAML."""


@pytest.fixture(scope="module")
def validator():
    """Return a validator of the schema, which is valid itself."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("valid-*.yml")), ids=lambda path: path.stem)
def test_what_is_valid_fits_the_schema(validator, path):
    """An editor underlines nothing in it."""
    assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("invalid-*.yml")), ids=lambda path: path.stem)
def test_what_is_invalid_mostly_does_not(validator, path):
    """An editor underlines all but the named mistakes."""
    name = path.stem.removeprefix("invalid-")
    if name in NO_DATA:
        with pytest.raises((yaml.YAMLError, RecursionError)):
            yaml.safe_load(path.read_text())
        return
    data = yaml.safe_load(path.read_text())
    assert bool(list(validator.iter_errors(data))) == (name not in BEYOND)


def test_every_key_is_described():
    """Editors show the description."""
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    sections = [schema, *schema["$defs"].values()]
    undescribed = [
        key
        for section in sections
        for key, value in section.get("properties", {}).items()
        if not value.get("description")
    ]
    assert undescribed == []
    assert set(schema["properties"]) == set(Configuration.model_fields)
    assert all(section["additionalProperties"] is False for section in sections)
