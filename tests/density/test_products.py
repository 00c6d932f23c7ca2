from __future__ import annotations

import numpy as np
import pytest

from exporter.density.products import product, rows_at_once


@pytest.mark.parametrize("rows", [0, 1, 7, 5_000])
def test_the_product_is_numpys(rows):
    """In as many parts as it takes."""
    random = np.random.default_rng(rows)
    left, right = random.standard_normal((rows, 20)), random.standard_normal((20, 30))
    assert product(left, right) == pytest.approx(left @ right)


def test_parts_are_small():
    """Their multiplications, rows included, are at most 2^18; a row is the least."""
    assert rows_at_once(np.empty((12, 1_000))) == 20
    assert rows_at_once(np.empty((1_000, 1_000))) == 1
    assert rows_at_once(np.empty((0, 5))) == 250_000
