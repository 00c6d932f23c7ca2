"""Which version of a model is in production, since when, and made of what."""
