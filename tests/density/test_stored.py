from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.reference_file import read, write
from exporter.errors import UsageError
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import parse


@pytest.fixture(scope="module")
def made():
    """Return a reference of two classes, with features, embeddings and uncertainty."""
    random = np.random.default_rng(0)
    rows = [
        {
            "prediction": "ab"[int(x > 0)],
            "features": {"x": x, "y": y},
            "uncertainty": abs(y),
            "embedding": [x, y],
        }
        for x, y in random.standard_normal((900, 2)).round(3).tolist()
    ]
    profile = Profile()
    profile.add(parse(*rows, features=("x", "y"), embeddings=Embeddings()))
    columns = profile.columns()
    provenance = Provenance((), 900, None, None)
    return Reference("bot", "1", provenance, columns, density=profile.density(columns))


@pytest.fixture
def path(made, tmp_path):
    """Return the path of its file."""
    found = tmp_path / "bot.ref"
    write(made, found)
    return found


def test_density_survives_the_file_and_is_part_of_the_digest(made, path):
    """Bit by bit; records score the same."""
    found = read(path)
    assert found.digest == made.digest
    assert replace(made, density=()).digest != made.digest
    assert [one.kind for one in found.density] == ["features", "embedding"]
    values = np.random.default_rng(1).standard_normal((50, 2))
    for before, after in zip(made.density, found.density, strict=True):
        assert after.document() == before.document()
        values = np.random.default_rng(1).standard_normal((50, len(before.space.names)))
        groups = np.arange(50) % len(before.score.groups)
        scores = [one.score.of(one.space.coordinates(values)[0], groups) for one in (before, after)]
        assert scores[0].tolist() == scores[1].tolist()


def test_it_is_small(made):
    """Of 1,000 records, as the largest, two numbers each and a few more."""
    assert len(json.dumps(made.density[0].document())) < 40_000


def test_a_reference_without_it_is_as_before(made, tmp_path):
    """Older files have none, and their digests hold."""
    without = replace(made, density=())
    write(without, tmp_path / "old.ref")
    assert "density" not in json.loads((tmp_path / "old.ref").read_text())
    assert read(tmp_path / "old.ref").digest == without.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["x", "x"]}, r"density\[0\].names: expected different names"),
        ({"names": []}, r"density\[0\].names"),
        ({"centre": [1.0]}, r"density\[0\].centre: expected a number for each of names"),
        ({"scale": [1.0]}, r"density\[0\].scale: expected a number for each of names"),
        ({"scale": [1.0, 0.0]}, r"density\[0\].scale"),
        ({"axes": [[1.0]]}, r"density\[0\].axes: expected a square of names"),
        ({"points": [[1.0]]}, r"density\[0\].points: expected a number for each of names"),
        ({"classes": ["b", "a"]}, r"density\[0\].classes: expected different names in ascending"),
        ({"codes": [0]}, r"density\[0\].codes: expected a number for each of points"),
        ({"classes": ["a", "b", "c"]}, r"density\[0\].codes: expected positions in classes"),
        ({"groups": []}, r"density\[0\].groups: expected one more entry than classes"),
        ({"kind": "embedding"}, r"density\[0\].dimension: expected the length of an embedding"),
        ({"kind": "embedding", "dimension": 2}, r"density\[0\].names: expected axes"),
        ({"kind": "other"}, r"density\[0\].kind"),
        ({"more": 1}, r"density\[0\]"),
        ({"calibration": {"scores": [2.0, 1.0], "tau": 1.0, "effective": 2.0}},
         r"density\[0\].calibration: expected scores in ascending order"),
        ({"calibration": {"scores": [1.0], "tau": 0.5, "effective": 2.0}},
         r"density\[0\].calibration.tau"),
        ({"combination": {"densities": [1.0, 0.0], "uncertainties": [1.0],
                          "calibration": {"scores": [1.0], "tau": 1.0, "effective": 1.0}}},
         r"density\[0\].combination: expected numbers in ascending order"),
        ({"scale": [1.0, 2.0]}, "digest: does not fit the content"),
    ],
)  # fmt: skip
def test_what_was_edited_or_contradicts_itself_is_refused(path, change, message):
    """By part and field."""
    document = json.loads(path.read_text())
    document["density"][0].update(change)
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message):
        read(path)


def test_each_kind_is_there_once(path):
    """Of two nobody knows which to use."""
    document = json.loads(path.read_text())
    document["density"].append(document["density"][0])
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="density: expected at most one of each kind"):
        read(path)
