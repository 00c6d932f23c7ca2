from __future__ import annotations

import json

import numpy as np
import pytest

from exporter.drift import reference_file
from exporter.drift.profile import Profile
from exporter.drift.projection import Projection
from exporter.drift.reference import Provenance, Reference
from exporter.errors import UsageError
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import parse


def records(n, dimension=20, seed=0):
    """Return predictions with everything that this part of a reference is made of."""
    random = np.random.default_rng(seed)
    return [
        {
            "prediction": "a",
            "input_length": int(length),
            "features": {"input_length": float(length) / 2},
            "embedding": vector.tolist(),
            "attributions": {"x": float(vector[0]), "y": 0.5},
        }
        for length, vector in zip(
            random.integers(5, 90, n), random.standard_normal((n, dimension)), strict=True
        )
    ]


def built(rows):
    """Return the reference of some records."""
    profile = Profile()
    profile.add(parse(*rows, features=None, embeddings=Embeddings()))
    return Reference(
        "bot",
        "",
        Provenance((), profile.records, None, None),
        profile.columns(),
        attributions=profile.attributions(),
        embedding=profile.embedding(),
    )


def test_projections_are_learned():
    """A column for each axis and the norm, of the records that have an embedding."""
    rows = records(300)
    del rows[7]["embedding"]
    embedding = built(rows).embedding
    assert (embedding.dimension, len(embedding.columns)) == (20, 17)
    vectors = np.array([row["embedding"] for row in rows if "embedding" in row], dtype=np.float32)
    found = Projection(20).of(vectors)
    for column, values in zip(embedding.columns, found.T, strict=True):
        assert (column.n, column.missing, column.rows) == (299, 1, 300)
        assert column.moments.mean == pytest.approx(values.mean())
        assert column.moments.std == pytest.approx(values.std(ddof=1))


def test_input_length_is_a_column_beside_a_feature_of_that_name():
    """Each has its own values."""
    reference = built(records(200))
    columns = {column.name: column for column in reference.columns}
    length, feature = columns["input_length"], columns["features.input_length"]
    assert length.moments.mean == pytest.approx(2 * feature.moments.mean)
    assert reference.features == ("input_length",)


def test_a_reference_without_them_has_none():
    """Its digest and its file are what they were before there were any."""
    reference = built([{"prediction": "a"}] * 200)
    assert (reference.attributions, reference.embedding) == ((), None)


def test_they_survive_the_file(tmp_path):
    """And are part of the digest."""
    reference, path = built(records(200)), tmp_path / "bot.ref"
    reference_file.write(reference, path)
    found = reference_file.read(path)
    assert found.digest == reference.digest
    assert [one.document() for one in found.attributions] == [
        one.document() for one in reference.attributions
    ]
    assert found.embedding.document() == reference.embedding.document()
    other = built(records(200, seed=1))
    assert len({found.digest, other.digest}) == 2


def test_older_files_have_neither_and_are_read(tmp_path):
    """They have no such field."""
    path = tmp_path / "bot.ref"
    reference_file.write(built([{"prediction": "a"}] * 200), path)
    assert not {"attributions", "embedding"} & json.loads(path.read_text()).keys()
    assert reference_file.read(path).embedding is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda stored: stored["embedding"]["columns"].pop(), "embedding.columns: expected axis"),
        (lambda stored: stored["embedding"].update(dimension=0), "embedding.dimension"),
        (
            lambda stored: stored["attributions"][1]["edges"].reverse() or
            stored["attributions"][0]["edges"].reverse(),
            "attributions[0].edges: expected ascending numbers",
        ),
        (lambda stored: stored["attributions"].reverse(), "attributions: expected different names"),
        (lambda stored: stored["attributions"][0].update(tau=7.5), "digest: does not fit"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(tmp_path, damage, message):
    """The message names the field."""
    path = tmp_path / "bot.ref"
    reference_file.write(built(records(200)), path)
    stored = json.loads(path.read_text())
    damage(stored)
    path.write_text(json.dumps(stored))
    with pytest.raises(UsageError) as error:
        reference_file.read(path)
    assert message in str(error.value)
