"""How improbable single records are under the reference: density, and p-values without a model."""
