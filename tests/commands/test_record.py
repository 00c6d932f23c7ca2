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
    assert execute(["record", "schema"], Streams(out, err, io.BytesIO())) == 0
    schema = json.loads(out.getvalue())
    jsonschema.validate({"prediction": "refund", "confidence": 0.93}, schema)
    with pytest.raises(jsonschema.ValidationError, match="93 is greater than the maximum of 1"):
        jsonschema.validate({"prediction": "refund", "confidence": 93}, schema)
    assert err.getvalue() == ""
