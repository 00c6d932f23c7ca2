"""A frozen random projection: many numbers of an embedding to a few that can be followed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats, RecordBatch

AXES = 16
_SEED = b"modeltail embedding 1"


@dataclass(frozen=True)
class Projection:
    """Projects embeddings on :data:`AXES` random directions, and takes their length.

    The directions are rows of random signs over sqrt(d) (Achlioptas 2003, "Database-friendly random
    projections"): of unit length, and nearly at right angles. The signs come from a hash, so that
    they are the same on every machine and with every library. Sums and differences of numbers in
    single precision are all but exact in double precision, so that neither the order of summation,
    and with it the size of a batch, nor the processor moves a value to another bin.

    Parameters
    ----------
    dimension
        Numbers of an embedding. Of fewer than :data:`AXES` each is an axis of its own.
    """

    dimension: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: the axes, and the length last."""
        return (*(f"axis_{number:02}" for number in range(1, self.axes + 1)), "norm")

    @property
    def axes(self) -> int:
        """Directions."""
        return min(self.dimension, AXES)

    @cached_property
    def signs(self) -> NDArray[np.float64]:
        """float64[dimension, axes], before they are divided by the square root of `dimension`."""
        if self.dimension <= AXES:
            return np.eye(self.dimension)
        seed = _SEED + str(self.dimension).encode()
        digest = hashlib.shake_256(seed).digest(-(-self.dimension * AXES // 8))
        bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))[: self.dimension * AXES]
        return np.where(bits.reshape(self.dimension, AXES) == 1, 1.0, -1.0)

    def of(self, embedding: NDArray[np.float32]) -> Floats:
        """Return float64[n, axes + 1] of float32[n, dimension]; NaN where a row has a NaN."""
        values = embedding.astype(np.float64)
        found = np.empty((len(values), self.axes + 1))
        np.matmul(values, self.signs, out=found[:, :-1])
        if self.dimension > AXES:
            found[:, :-1] /= np.sqrt(self.dimension)
        np.sqrt(np.einsum("ij,ij->i", values, values), out=found[:, -1])
        # What the order of summation may have left of a difference is rounded away.
        return found.astype(np.float32).astype(np.float64)


def projected(batch: RecordBatch, projection: Projection) -> Floats | None:
    """Return float64[n, axes + 1], NaN where a record has no embedding; ``None`` if none has one.

    Worked out once for all that ask for it; not to be changed.
    """
    embedding = batch.embedding
    if embedding is None or embedding.shape[1] != projection.dimension:
        return None
    found = batch.derived.get(projection)
    if found is None:
        found = batch.derived[projection] = projection.of(embedding)
    return found
