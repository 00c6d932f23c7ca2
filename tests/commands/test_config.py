from __future__ import annotations

import io
import json

import jsonschema
import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams


def test_the_schema_is_printed():
    """JSON that a validator takes, and nothing else."""
    out, err = io.StringIO(), io.StringIO()
    assert execute(["config", "schema"], Streams(out, err, io.BytesIO())) == 0
    schema = json.loads(out.getvalue())
    jsonschema.validate({"models": [{"name": "bot", "paths": ["a"]}]}, schema)
    with pytest.raises(jsonschema.ValidationError, match="'pths' was unexpected"):
        jsonschema.validate({"models": [{"name": "bot", "paths": ["a"], "pths": []}]}, schema)
    assert err.getvalue() == ""


def test_a_subcommand_is_needed(capsys):
    """Bad usage."""
    with pytest.raises(SystemExit) as raised:
        execute(["config"], Streams(io.StringIO(), io.StringIO(), io.BytesIO()))
    assert raised.value.code == 2
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err
