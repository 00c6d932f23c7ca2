from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.drift.projection import AXES, Projection, projected
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.json_lines import JsonLines


def normal(n, dimension, seed=0):
    """Return random embeddings."""
    return np.random.default_rng(seed).standard_normal((n, dimension)).astype(np.float32)


def test_directions_never_change():
    """A reference and the exporter that compares with it, years later, have the same ones."""
    signs = Projection(384).signs
    assert set(signs.ravel().tolist()) == {-1.0, 1.0}
    digest = hashlib.sha256(signs.astype(np.int8).tobytes()).hexdigest()
    assert digest[:16] == "8a070cd40609dce0"


def test_values_are_scalar_products_with_unit_vectors():
    """And the last column is the length."""
    projection, rows = Projection(384), normal(50, 384)
    units = projection.signs / np.sqrt(384)
    np.testing.assert_allclose((units**2).sum(axis=0), 1.0)
    found = projection.of(rows)
    assert found.shape == (50, AXES + 1)
    np.testing.assert_allclose(found[:, :-1], rows.astype(np.float64) @ units, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found[:, -1], np.linalg.norm(rows, axis=1), rtol=1e-6)
    assert projection.names[0] == "axis_01"
    assert projection.names[AXES - 1 :] == ("axis_16", "norm")


def test_directions_are_nearly_at_right_angles():
    """Products of unit vectors are chance: of the order of 1 over the root of the dimension."""
    units = Projection(1536).signs / np.sqrt(1536)
    products = units.T @ units - np.eye(AXES)
    assert np.abs(products).max() < 4 / np.sqrt(1536)


def test_few_numbers_are_axes_themselves():
    """There is nothing to reduce."""
    rows = normal(5, 3)
    found = Projection(3).of(rows)
    np.testing.assert_array_equal(found[:, :3], rows)
    assert Projection(3).names == ("axis_01", "axis_02", "axis_03", "norm")


@settings(max_examples=25)
@given(st.integers(1, 70), st.sampled_from([1, 16, 17, 50, 384]), st.integers(0, 99))
def test_batches_do_not_matter(n, dimension, seed):
    """A row has the same values to the last bit, whichever rows are beside it."""
    projection, rows = Projection(dimension), normal(n, dimension, seed)
    together = projection.of(rows)
    alone = np.concatenate([projection.of(row[None]) for row in rows])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("size", [1.0, 0.1, 3e-7])
def test_what_cancels_out_is_zero(size):
    """Equal numbers of both signs leave nothing, whatever their order and size."""
    projection = Projection(384)
    row = np.zeros(384, dtype=np.float32)
    plus, minus = (np.flatnonzero(projection.signs[:, 0] == sign)[:100] for sign in (1, -1))
    row[plus] = row[minus] = np.float32(size)
    assert projection.of(row[None])[0, 0] == 0.0
    assert projection.of(np.zeros((1, 384), dtype=np.float32)).tolist() == [[0.0] * 17]


def test_it_is_worked_out_once_a_batch():
    """However many ask for it; records without an embedding have no values."""
    lines = [
        json.dumps({"prediction": "a", "embedding": one}).encode() for one in ([3, 4], None, [0, 1])
    ]
    batch = JsonLines(embeddings=Embeddings(2)).parse(lines, 0.0).batch
    found = projected(batch, Projection(2))
    np.testing.assert_array_equal(found, [[3, 4, 5], [np.nan] * 3, [0, 1, 1]])
    assert projected(batch, Projection(2)) is found
    assert projected(batch, Projection(3)) is None
    assert projected(JsonLines().parse(lines, 0.0).batch, Projection(2)) is None
